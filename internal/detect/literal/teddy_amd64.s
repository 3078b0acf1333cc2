#include "textflag.h"

// func teddyAVX2(t *teddyTables, text *byte, blocks uint64, found *uint32) (any uint64)
//
// Y0 to Y7 hold the tables, Y8 the lower half of each byte, Y9 zero. Of four loads, each a byte further on, both halves of
// every byte are looked up; what is left when all eight answers are taken together is not zero where a bucket has all four bytes. A byte of 0x80
// and more finds nothing, as VPSHUFB defines.
TEXT ·teddyAVX2(SB), NOSPLIT, $0-40
	MOVQ t+0(FP), AX
	MOVQ text+8(FP), SI
	MOVQ blocks+16(FP), CX
	MOVQ found+24(FP), DI
	VMOVDQU (AX), Y0
	VMOVDQU 32(AX), Y1
	VMOVDQU 64(AX), Y2
	VMOVDQU 96(AX), Y3
	VMOVDQU 128(AX), Y4
	VMOVDQU 160(AX), Y5
	VMOVDQU 192(AX), Y6
	VMOVDQU 224(AX), Y7
	MOVL $0x0f0f0f0f, BX
	VMOVD BX, X8
	VPBROADCASTD X8, Y8
	VPXOR Y9, Y9, Y9
	XORL DX, DX

block:
	VMOVDQU (SI), Y10
	VPSHUFB Y10, Y0, Y11
	VPSRLW $4, Y10, Y10
	VPAND Y8, Y10, Y10
	VPSHUFB Y10, Y1, Y12
	VPAND Y11, Y12, Y15

	VMOVDQU 1(SI), Y10
	VPSHUFB Y10, Y2, Y11
	VPSRLW $4, Y10, Y10
	VPAND Y8, Y10, Y10
	VPSHUFB Y10, Y3, Y12
	VPAND Y11, Y12, Y11
	VPAND Y11, Y15, Y15

	VMOVDQU 2(SI), Y10
	VPSHUFB Y10, Y4, Y11
	VPSRLW $4, Y10, Y10
	VPAND Y8, Y10, Y10
	VPSHUFB Y10, Y5, Y12
	VPAND Y11, Y12, Y11
	VPAND Y11, Y15, Y15

	VMOVDQU 3(SI), Y10
	VPSHUFB Y10, Y6, Y11
	VPSRLW $4, Y10, Y10
	VPAND Y8, Y10, Y10
	VPSHUFB Y10, Y7, Y12
	VPAND Y11, Y12, Y11
	VPAND Y11, Y15, Y15

	VPCMPEQB Y9, Y15, Y15
	VPMOVMSKB Y15, BX
	NOTL BX
	MOVL BX, (DI)
	ORL BX, DX
	ADDQ $32, SI
	ADDQ $4, DI
	DECQ CX
	JNZ block
	VZEROUPPER
	MOVQ DX, any+32(FP)
	RET
