// SPDX-License-Identifier: MIT
/*
 * The library as a module of Node: what process.dlopen() finds in it. Node-API keeps its binary
 * interface from one Node to the next, so what is declared here is all there is to build against.
 * The functions are in the node program itself; who loads the library otherwise never needs them.
 */
#include <stddef.h>

#include "tsvmm.h"

typedef struct node_env *node_env;
typedef struct node_value *node_value;
typedef struct node_call *node_call;
typedef node_value (*node_function)(node_env env, node_call call);

/* https://nodejs.org/api/n-api.html; all of version 1. Each returns 0 for success. */
extern int napi_create_function(node_env env, const char *name, size_t length, node_function,
				void *data, node_value *result);
extern int napi_set_named_property(node_env env, node_value object, const char *name,
				   node_value value);
extern int napi_get_cb_info(node_env env, node_call call, size_t *argc, node_value *argv,
			    node_value *self, void **data);
extern int napi_get_buffer_info(node_env env, node_value buffer, void **data, size_t *length);
extern int napi_get_value_int64(node_env env, node_value value, int64_t *result);
extern int napi_create_int64(node_env env, int64_t value, node_value *result);
extern int napi_create_external_arraybuffer(node_env env, void *data, size_t length,
					    void *finalizer, void *hint, node_value *result);

/* Resolved by Node alone: ffi-napi loads the library as well, and so may anybody. */
#pragma weak napi_create_function
#pragma weak napi_set_named_property
#pragma weak napi_get_cb_info
#pragma weak napi_get_buffer_info
#pragma weak napi_get_value_int64
#pragma weak napi_create_int64
#pragma weak napi_create_external_arraybuffer

/*
 * Contract: call(frame: Buffer): number, what tsvmm_call() makes of the frame; exact up to 2^53.
 * Returns:  undefined if `frame` is no Buffer of a whole frame.
 */
static node_value call(node_env env, node_call info)
{
	size_t argc = 1, length;
	node_value argv[1], result = NULL;
	void *frame;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) == 0 && argc == 1 &&
	    napi_get_buffer_info(env, argv[0], &frame, &length) == 0 &&
	    length >= TSVMM_FRAME_WORDS * sizeof(int64_t))
		napi_create_int64(env, tsvmm_call(frame), &result);
	return result;
}

/*
 * Contract: wrap(address: number, length: number): ArrayBuffer over memory that is the caller's and
 *           stays there as long as the buffer is used; nothing is freed with it.
 * Returns:  undefined if Node does not take it.
 */
static node_value wrap(node_env env, node_call info)
{
	size_t argc = 2;
	node_value argv[2], result = NULL;
	int64_t address, length;

	if (napi_get_cb_info(env, info, &argc, argv, NULL, NULL) == 0 && argc == 2 &&
	    napi_get_value_int64(env, argv[0], &address) == 0 &&
	    napi_get_value_int64(env, argv[1], &length) == 0)
		napi_create_external_arraybuffer(env, (void *)(uintptr_t)address, (size_t)length,
						 NULL, NULL, &result);
	return result;
}

static void export(node_env env, node_value exports, const char *name, node_function function)
{
	node_value value;

	if (napi_create_function(env, name, (size_t)-1, function, NULL, &value) == 0)
		napi_set_named_property(env, exports, name, value);
}

/* Called by Node when it has loaded the library. */
__attribute__((visibility("default"))) node_value napi_register_module_v1(node_env env,
									  node_value exports)
{
	export(env, exports, "call", call);
	export(env, exports, "wrap", wrap);
	return exports;
}
