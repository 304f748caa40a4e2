/* Stands in for the C library's header while bindings are generated: one set of types for every 64-bit system. */
#pragma once
typedef unsigned long long size_t;
typedef long long ptrdiff_t;
#define NULL ((void *) 0)
