namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Resampling of quantised values along the middle dimension of <c>[images, outer, count, inner]</c> (docs/arithmetic.md, Resampling): each
/// output is a sum of inputs at places of its own, times weights in fixed point that contain the ratio of the scales. Between two axes
/// values have 32 bits.
/// </summary>
internal static class Int8Resample
{
    /// <summary>u8 to u8.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the input, without gaps.</param>
    /// <param name="taps">Weights offset of the taps (s32): for each output its addend, then place and weight of each tap.</param>
    /// <param name="output">Arena offset of the output; not the input's place.</param>
    /// <param name="outputImageStride">Bytes from one image of the output to the next.</param>
    /// <param name="outputOuterStride">Bytes from one run of outputs to the next.</param>
    /// <param name="outputStride">Bytes from one output to the next.</param>
    /// <param name="images">The number of images.</param>
    /// <param name="outer">Runs of an image.</param>
    /// <param name="count">Inputs of a run.</param>
    /// <param name="inner">Adjacent elements of each input and output.</param>
    /// <param name="outputs">Outputs of a run.</param>
    /// <param name="tapCount">Taps of an output.</param>
    /// <param name="shift">How far sums are shifted right, 1…30.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
    public static void UInt8ToUInt8(
        Workspace w, int input, int taps, int output, int outputImageStride, int outputOuterStride, int outputStride, int images, int outer,
        int count, int inner, int outputs, int tapCount, int shift, int minimum, int maximum) =>
        Run<Extent1, Extent1>(w, input, taps, output, outputImageStride, outputOuterStride, outputStride, images, outer, count, inner,
            outputs, tapCount, shift, minimum, maximum);

    /// <summary>u8 to s32; parameters as for <see cref="UInt8ToUInt8"/>.</summary>
    public static void UInt8ToInt32(
        Workspace w, int input, int taps, int output, int outputImageStride, int outputOuterStride, int outputStride, int images, int outer,
        int count, int inner, int outputs, int tapCount, int shift, int minimum, int maximum) =>
        Run<Extent1, Extent4>(w, input, taps, output, outputImageStride, outputOuterStride, outputStride, images, outer, count, inner,
            outputs, tapCount, shift, minimum, maximum);

    /// <summary>s32 to u8; parameters as for <see cref="UInt8ToUInt8"/>.</summary>
    public static void Int32ToUInt8(
        Workspace w, int input, int taps, int output, int outputImageStride, int outputOuterStride, int outputStride, int images, int outer,
        int count, int inner, int outputs, int tapCount, int shift, int minimum, int maximum) =>
        Run<Extent4, Extent1>(w, input, taps, output, outputImageStride, outputOuterStride, outputStride, images, outer, count, inner,
            outputs, tapCount, shift, minimum, maximum);

    /// <summary>s32 to s32; parameters as for <see cref="UInt8ToUInt8"/>.</summary>
    public static void Int32ToInt32(
        Workspace w, int input, int taps, int output, int outputImageStride, int outputOuterStride, int outputStride, int images, int outer,
        int count, int inner, int outputs, int tapCount, int shift, int minimum, int maximum) =>
        Run<Extent4, Extent4>(w, input, taps, output, outputImageStride, outputOuterStride, outputStride, images, outer, count, inner,
            outputs, tapCount, shift, minimum, maximum);

    // TInput and TOutput are the sizes of elements.
    private static void Run<TInput, TOutput>(
        Workspace w, int input, int taps, int output, int outputImageStride, int outputOuterStride, int outputStride, int images, int outer,
        int count, int inner, int outputs, int tapCount, int shift, int minimum, int maximum)
        where TInput : struct, IExtent
        where TOutput : struct, IExtent
    {
        unchecked
        {
            bool inVectors = !w.IsStarting && Vector128.IsHardwareAccelerated && inner >= 16;
            ref int table = ref Unsafe.As<byte, int>(ref w.Weight(taps));
            ref byte from = ref w.Arena(input);
            for (int image = 0; image < images; image++)
            {
                for (int run = 0; run < outer; run++)
                {
                    ref byte to = ref w.Arena(output + (image * outputImageStride) + (run * outputOuterStride));
                    ref int own = ref table;
                    for (int i = 0; i < outputs; i++)
                    {
                        if (inVectors)
                            Row<TInput, TOutput>(ref from, ref own, tapCount, ref to, inner, shift, minimum, maximum);
                        else
                            OneByOne<TInput, TOutput>(ref from, ref own, tapCount, ref to, inner, shift, minimum, maximum);
                        own = ref Unsafe.Add(ref own, 1 + (2 * tapCount));
                        to = ref Unsafe.Add(ref to, outputStride);
                    }

                    from = ref Unsafe.Add(ref from, (nint)count * inner * TInput.Value);
                }
            }
        }
    }

    private static void OneByOne<TInput, TOutput>(
        ref byte from, ref int taps, int tapCount, ref byte to, int inner, int shift, int minimum, int maximum)
        where TInput : struct, IExtent
        where TOutput : struct, IExtent
    {
        unchecked
        {
            for (nint i = 0; i < inner; i++)
            {
                int sum = taps;
                ref int tap = ref Unsafe.Add(ref taps, 1);
                for (int t = 0; t < tapCount; t++)
                {
                    nint at = ((nint)tap * inner) + i;
                    int value = TInput.Value == 1 ? Unsafe.Add(ref from, at) : Unsafe.Add(ref Unsafe.As<byte, int>(ref from), at);
                    sum += value * Unsafe.Add(ref tap, 1);
                    tap = ref Unsafe.Add(ref tap, 2);
                }

                sum >>= shift;
                sum = sum < minimum ? minimum : sum > maximum ? maximum : sum;
                if (TOutput.Value == 1)
                    Unsafe.Add(ref to, i) = (byte)sum;
                else
                    Unsafe.Add(ref Unsafe.As<byte, int>(ref to), i) = sum;
            }
        }
    }

    /// <summary>At least 16 outputs; the last vector overlaps the one before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<TInput, TOutput>(
        ref byte from, ref int taps, int tapCount, ref byte to, int inner, int shift, int minimum, int maximum)
        where TInput : struct, IExtent
        where TOutput : struct, IExtent
    {
        unchecked
        {
            int i = 0;
            if (Vector256.IsHardwareAccelerated)
            {
                for (; i <= inner - 32; i += 32)
                    ThirtyTwo<TInput, TOutput>(ref from, ref taps, tapCount, ref to, i, inner, shift, minimum, maximum);
            }

            for (; i <= inner - 16; i += 16)
                Sixteen<TInput, TOutput>(ref from, ref taps, tapCount, ref to, i, inner, shift, minimum, maximum);
            if (i < inner)
                Sixteen<TInput, TOutput>(ref from, ref taps, tapCount, ref to, inner - 16, inner, shift, minimum, maximum);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ThirtyTwo<TInput, TOutput>(
        ref byte from, ref int taps, int tapCount, ref byte to, nint place, nint inner, int shift, int minimum, int maximum)
        where TInput : struct, IExtent
        where TOutput : struct, IExtent
    {
        unchecked
        {
            Vector256<int> a = Vector256.Create(taps);
            Vector256<int> b = a;
            Vector256<int> c = a;
            Vector256<int> d = a;
            ref int tap = ref Unsafe.Add(ref taps, 1);
            for (int t = 0; t < tapCount; t++)
            {
                Vector256<int> weight = Vector256.Create(Unsafe.Add(ref tap, 1));
                nint at = (tap * inner) + place;
                if (TInput.Value == 1)
                {
                    (Vector256<ushort> low, Vector256<ushort> high) = Vector256.Widen(Vector256.LoadUnsafe(ref Unsafe.Add(ref from, at)));
                    a += Vector256.WidenLower(low).AsInt32() * weight;
                    b += Vector256.WidenUpper(low).AsInt32() * weight;
                    c += Vector256.WidenLower(high).AsInt32() * weight;
                    d += Vector256.WidenUpper(high).AsInt32() * weight;
                }
                else
                {
                    ref int wide = ref Unsafe.Add(ref Unsafe.As<byte, int>(ref from), at);
                    a += Vector256.LoadUnsafe(ref wide) * weight;
                    b += Vector256.LoadUnsafe(ref wide, 8) * weight;
                    c += Vector256.LoadUnsafe(ref wide, 16) * weight;
                    d += Vector256.LoadUnsafe(ref wide, 24) * weight;
                }

                tap = ref Unsafe.Add(ref tap, 2);
            }

            Vector256<int> least = Vector256.Create(minimum);
            Vector256<int> greatest = Vector256.Create(maximum);
            a = Vector256.Min(Vector256.Max(a >> shift, least), greatest);
            b = Vector256.Min(Vector256.Max(b >> shift, least), greatest);
            c = Vector256.Min(Vector256.Max(c >> shift, least), greatest);
            d = Vector256.Min(Vector256.Max(d >> shift, least), greatest);
            if (TOutput.Value == 1)
            {
                Vector256.Narrow(Vector256.Narrow(a.AsUInt32(), b.AsUInt32()), Vector256.Narrow(c.AsUInt32(), d.AsUInt32()))
                    .StoreUnsafe(ref Unsafe.Add(ref to, place));
            }
            else
            {
                ref int wide = ref Unsafe.Add(ref Unsafe.As<byte, int>(ref to), place);
                a.StoreUnsafe(ref wide);
                b.StoreUnsafe(ref wide, 8);
                c.StoreUnsafe(ref wide, 16);
                d.StoreUnsafe(ref wide, 24);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sixteen<TInput, TOutput>(
        ref byte from, ref int taps, int tapCount, ref byte to, nint place, nint inner, int shift, int minimum, int maximum)
        where TInput : struct, IExtent
        where TOutput : struct, IExtent
    {
        unchecked
        {
            Vector128<int> a = Vector128.Create(taps);
            Vector128<int> b = a;
            Vector128<int> c = a;
            Vector128<int> d = a;
            ref int tap = ref Unsafe.Add(ref taps, 1);
            for (int t = 0; t < tapCount; t++)
            {
                Vector128<int> weight = Vector128.Create(Unsafe.Add(ref tap, 1));
                nint at = (tap * inner) + place;
                if (TInput.Value == 1)
                {
                    (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(Vector128.LoadUnsafe(ref Unsafe.Add(ref from, at)));
                    a += Vector128.WidenLower(low).AsInt32() * weight;
                    b += Vector128.WidenUpper(low).AsInt32() * weight;
                    c += Vector128.WidenLower(high).AsInt32() * weight;
                    d += Vector128.WidenUpper(high).AsInt32() * weight;
                }
                else
                {
                    ref int wide = ref Unsafe.Add(ref Unsafe.As<byte, int>(ref from), at);
                    a += Vector128.LoadUnsafe(ref wide) * weight;
                    b += Vector128.LoadUnsafe(ref wide, 4) * weight;
                    c += Vector128.LoadUnsafe(ref wide, 8) * weight;
                    d += Vector128.LoadUnsafe(ref wide, 12) * weight;
                }

                tap = ref Unsafe.Add(ref tap, 2);
            }

            Vector128<int> least = Vector128.Create(minimum);
            Vector128<int> greatest = Vector128.Create(maximum);
            a = Vector128.Min(Vector128.Max(a >> shift, least), greatest);
            b = Vector128.Min(Vector128.Max(b >> shift, least), greatest);
            c = Vector128.Min(Vector128.Max(c >> shift, least), greatest);
            d = Vector128.Min(Vector128.Max(d >> shift, least), greatest);
            if (TOutput.Value == 1)
            {
                Vector128.Narrow(Vector128.Narrow(a.AsUInt32(), b.AsUInt32()), Vector128.Narrow(c.AsUInt32(), d.AsUInt32()))
                    .StoreUnsafe(ref Unsafe.Add(ref to, place));
            }
            else
            {
                ref int wide = ref Unsafe.Add(ref Unsafe.As<byte, int>(ref to), place);
                a.StoreUnsafe(ref wide);
                b.StoreUnsafe(ref wide, 4);
                c.StoreUnsafe(ref wide, 8);
                d.StoreUnsafe(ref wide, 12);
            }
        }
    }
}
