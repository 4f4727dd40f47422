/* The operating system's errno as our status. */
#ifndef EAR_COMMON_SYS_ERROR_H
#define EAR_COMMON_SYS_ERROR_H

#include "common/base/status.h"

/* error  an errno value; 0 and unknown values become STATUS_IO, never STATUS_OK
 * Any thread. Source: errno(3); which class each has is our choice (common/base/status.h). */
enum status sys_status(int error);

#endif
