/* Stands in for the C library's header while bindings are generated: a FILE is only ever pointed at. */
#pragma once
typedef struct kvant_file FILE;
