/* `earctl replay` as a program of its own, for its tests and the scenario benchmark. */
#include "aggregator/replay/replay.h"

int main(int argc, char **argv) { return replay_main(argc, argv); }
