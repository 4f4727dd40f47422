"""Whole worlds for the demo and for the tests of the whole way: a fake AWS, guests with real agents
and real small services, one real aggregator, and the stories told in them. Standard library only;
everything listens on 127.0.0.1."""
