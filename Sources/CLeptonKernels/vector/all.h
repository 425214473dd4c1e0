/*
 * all.h - the bodies of the vector kernels, written once with the compiler's vector types for any width.
 *
 * A file that includes this defines LEPTON_W, the number of floats in a vector (4, 8 or 16), and gets a static
 * function for every name in table.h. These headers are bodies, not interfaces: each is included once per
 * instruction set and by nobody else.
 */
#include "../operation_math.h"
#include "../philox.h"
#include "../table.h"
#include "../window.h"

#include "simd.h"

#include "vmath.h"

#include "rows.h"

#include "gemm.h"

#include "activations.h"
#include "adaptive.h"
#include "convolution.h"
#include "crossentropy.h"
#include "data.h"
#include "dropout.h"
#include "elements.h"
#include "elementwise.h"
#include "functions.h"
#include "gates.h"
#include "losses.h"
#include "noise.h"
#include "normalization.h"
#include "optimizer.h"
#include "optimizers.h"
#include "pooling.h"
#include "preprocessing.h"
#include "recurrent.h"
#include "softmax.h"

#include "unary.h"

#include "binary.h"

#include "attention.h"
#include "reductions.h"
