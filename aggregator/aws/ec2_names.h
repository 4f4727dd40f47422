/* From EC2's names to our enumerations; a name we do not know is "unknown". Private to this folder.
 */
#ifndef EAR_AGGREGATOR_AWS_EC2_NAMES_H
#define EAR_AGGREGATOR_AWS_EC2_NAMES_H

#include "aggregator/aws/ec2.h"

enum ec2_state ec2_state_of(const char *name);
enum ec2_check ec2_check_of(const char *name);

#endif
