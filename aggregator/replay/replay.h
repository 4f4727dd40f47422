/* `earctl replay`: the predictor over files of metrics, with the data's own clock.
 *
 *     earctl replay [--model M] [--out F] METRICS...
 *
 * METRICS  CSV or CSV.gz files, `instance_id,timestamp,metric,value`, ordered by time inside each
 * F        where the predictions go, written whole or not at all; default standard output
 * M        `trend`, the only model so far
 *
 * Writes `instance_id,time,confidence,kind,predicted_failure_time`, at least a row an hour an
 * instance, the same bytes on every run whatever the order of the files. A broken line ends it with
 * "FILE:LINE: what" on standard error and exit code 1; unknown metrics are named once and passed
 * over. Progress on standard error when that is a terminal. */
#ifndef EAR_AGGREGATOR_REPLAY_REPLAY_H
#define EAR_AGGREGATOR_REPLAY_REPLAY_H

/* argv[0] is "replay", then the words above. Gives the exit code (common/sys/exit.h). One thread.
 */
int replay_main(int argc, char **argv);

#endif
