namespace OptimizerBuild.Kernels;

/// <summary>
/// <see cref="Int8Dense"/> for layers whose sums the build cannot prove to stay within s32 (docs/arithmetic.md, Dot products): the sum is
/// taken in blocks of inputs that stay within s32, and the blocks are added in s64. Biases are s64.
/// </summary>
/// <remarks>
/// A class of its own, so that only apps with such a layer get <see cref="Int8BlockedLoop"/>. Its parameters repeat those of
/// <see cref="Int8Dense"/>, because a step's arguments are its method's parameters by name; what is done with them is shared.
/// </remarks>
internal static class Int8DenseBlocked
{
    /// <summary>Dense layer with u8 output. Parameters as in <see cref="Int8Dense.Run"/>, but <paramref name="bias"/> holds s64.</summary>
    public static void Run(
        Workspace w,
        int input,
        int inputRowStride,
        int output,
        int outputRowStride,
        int weights,
        int bias,
        int multipliers,
        int shift,
        int outputZeroPoint,
        int minimum,
        int maximum,
        int rows,
        int inputs,
        int outputs)
    {
        Int8Dense.Describe(
            out Int8Product product, input, inputRowStride, output, outputRowStride, weights, bias, multipliers, rows, inputs, outputs);
        Requantization.ToUInt8(out product.Requantization, shift, outputZeroPoint, minimum, maximum);
        Int8BlockedLoop.Run(w, in product);
    }

    /// <summary>
    /// Dense layer with s32 output. Parameters as in <see cref="Int8Dense.RunWide"/>, but <paramref name="bias"/> holds s64.
    /// </summary>
    public static void RunWide(
        Workspace w,
        int input,
        int inputRowStride,
        int output,
        int outputRowStride,
        int weights,
        int bias,
        int multipliers,
        int shift,
        int rows,
        int inputs,
        int outputs)
    {
        Int8Dense.Describe(
            out Int8Product product, input, inputRowStride, output, outputRowStride, weights, bias, multipliers, rows, inputs, outputs);
        Requantization.ToInt32(out product.Requantization, shift);
        Int8BlockedLoop.Run(w, in product);
    }
}
