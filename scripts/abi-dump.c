/*
 * What the compiler says about the KVM ABI of arm64, for scripts/abi.mjs. Nothing here runs: like the
 * kernel's own asm-offsets, every row becomes a line of the assembly output, so that any machine
 * with a compiler for aarch64 can read it. The rows are in abi-rows.inc, which abi.mjs generates
 * from the tables of src/ioctl.
 */
#include <stddef.h>
#include <linux/kvm.h>

/* asm/kvm.h uses it and leaves defining it to its reader. */
#define SZ_64K 0x10000

#define ROW(kind, name, value) \
	asm volatile("->" kind " " name " %0" : : "i"((unsigned long long)(value)));
#define CONSTANT(name) ROW("constant", #name, name)
#define REGISTER(name, expression) ROW("register", #name, expression)
#define STRUCT(type) ROW("struct", #type, sizeof(struct type))
#define FIELD(type, field)                                              \
	ROW("offset", #type " " #field, offsetof(struct type, field))   \
	ROW("size", #type " " #field, sizeof(((struct type *)0)->field))

void abi(void)
{
#include "abi-rows.inc"
}
