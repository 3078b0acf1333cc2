#include "textflag.h"

// func markBlocksAVX2(text *byte, blocks int, stops, slashes *byte)
//
// Y0 quotes, Y1 backslashes, Y2 blanks, all 32 times. Bytes of 0x80 and more are negative, and so less than a blank.
TEXT ·markBlocksAVX2(SB), NOSPLIT, $0-32
	MOVQ text+0(FP), SI
	MOVQ blocks+8(FP), CX
	MOVQ stops+16(FP), DI
	MOVQ slashes+24(FP), DX
	MOVL $0x22222222, AX
	VMOVD AX, X0
	VPBROADCASTD X0, Y0
	MOVL $0x5c5c5c5c, AX
	VMOVD AX, X1
	VPBROADCASTD X1, Y1
	MOVL $0x20202020, AX
	VMOVD AX, X2
	VPBROADCASTD X2, Y2

block:
	VMOVDQU (SI), Y3
	VMOVDQU 32(SI), Y4
	VPCMPEQB Y0, Y3, Y5
	VPCMPGTB Y3, Y2, Y6
	VPOR Y5, Y6, Y5
	VPMOVMSKB Y5, AX
	VPCMPEQB Y0, Y4, Y7
	VPCMPGTB Y4, Y2, Y8
	VPOR Y7, Y8, Y7
	VPMOVMSKB Y7, BX
	SHLQ $32, BX
	ORQ BX, AX
	MOVQ AX, (DI)
	VPCMPEQB Y1, Y3, Y5
	VPMOVMSKB Y5, AX
	VPCMPEQB Y1, Y4, Y7
	VPMOVMSKB Y7, BX
	SHLQ $32, BX
	ORQ BX, AX
	MOVQ AX, (DX)
	ADDQ $64, SI
	ADDQ $8, DI
	ADDQ $8, DX
	DECQ CX
	JNZ block
	VZEROUPPER
	RET
