/* Stands in for the C library's header while bindings are generated. */
#pragma once
#define bool _Bool
#define true 1
#define false 0
