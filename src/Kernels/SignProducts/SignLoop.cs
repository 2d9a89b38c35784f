namespace OptimizerBuild.Kernels;

using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out a <see cref="SignProduct"/>: for each output pixel the bits under the window are brought together in one line for each
/// plane, which every output's weights meet word by word.
/// </summary>
internal static class SignLoop
{
    /// <summary>Computes some of the outputs of every pixel, on the caller's thread.</summary>
    /// <param name="w">The workspace as the thread sees it.</param>
    /// <param name="product">The product.</param>
    /// <param name="from">The first panel.</param>
    /// <param name="to">The end of the panels.</param>
    public static void Run(Workspace w, in SignProduct product, int from, int to)
    {
        unchecked
        {
            int lineBytes = product.Words * sizeof(ulong);

            // Both lines, then the eight results of a panel that is not full.
            ref byte scratch = ref w.Scratch((2 * lineBytes) + (SignProduct.PanelWidth * sizeof(float)));
            ref ulong negative = ref Unsafe.As<byte, ulong>(ref scratch);
            ref ulong nonzero = ref Unsafe.Add(ref negative, product.Words);
            Unsafe.Add(ref negative, product.Words - 1) = 0;
            Unsafe.Add(ref nonzero, product.Words - 1) = 0;
            for (int image = 0; image < product.Images; image++)
            {
                for (int row = 0; row < product.Height; row++)
                {
                    int input = (image * product.InputImageStep) + (row * product.InputRowStep);
                    int output = product.Output + (image * product.OutputImageStride) + (row * product.OutputRowStride);
                    for (int pixel = 0; pixel < product.Width; pixel++)
                    {
                        Gather(w, in product, product.Negative + input, ref Unsafe.As<ulong, byte>(ref negative));
                        Gather(w, in product, product.Nonzero + input, ref Unsafe.As<ulong, byte>(ref nonzero));
                        Pixel(w, in product, ref negative, ref nonzero, output, from, to);
                        input += product.InputPixelStep;
                        output += product.OutputPixelStride;
                    }
                }
            }
        }
    }

    private static void Gather(Workspace w, in SignProduct product, int plane, ref byte line)
    {
        unchecked
        {
            for (int y = 0; y < product.KernelRows; y++)
            {
                int at = plane + (y * product.TapRowStep);
                for (int run = 0; run < product.Runs; run++)
                {
                    Unsafe.CopyBlockUnaligned(ref line, ref w.Arena(at), (uint)product.RunBytes);
                    line = ref Unsafe.Add(ref line, product.RunBytes);
                    at += product.RunStep;
                }
            }
        }
    }

    private static void Pixel(
        Workspace w, in SignProduct product, ref ulong negative, ref ulong nonzero, int output, int from, int to)
    {
        unchecked
        {
            int terms = 0;
            ulong unordered = 0;
            for (int i = 0; i < product.Words; i++)
            {
                ulong some = Unsafe.Add(ref nonzero, i);
                terms += BitOperations.PopCount(some);
                unordered |= Unsafe.Add(ref negative, i) & ~some;
            }

            int first = from * SignProduct.PanelWidth, end = to * SignProduct.PanelWidth;
            ref float results = ref Unsafe.As<byte, float>(ref w.Arena(output + (first * sizeof(float))));
            if (unordered != 0)
            {
                for (int i = first; i < end && i < product.Outputs; i++, results = ref Unsafe.Add(ref results, 1))
                    results = float.NaN;
                return;
            }

            bool hasZeros = terms != product.Terms;
            int whole = ((end < product.Outputs ? end : product.Outputs) - first) / SignProduct.PanelWidth;
            Panels(w, in product, ref negative, ref nonzero, hasZeros, terms, from, whole, ref results);
            if (from + whole == to)
                return;

            // What belongs to somebody else behind the last output stays as it is.
            ref float rest = ref Unsafe.As<ulong, float>(ref Unsafe.Add(ref nonzero, product.Words));
            Panels(w, in product, ref negative, ref nonzero, hasZeros, terms, from + whole, 1, ref rest);
            for (int i = whole * SignProduct.PanelWidth; first + i < product.Outputs; i++, rest = ref Unsafe.Add(ref rest, 1))
                Unsafe.Add(ref results, i) = rest;
        }
    }

    private static void Panels(
        Workspace w, in SignProduct product, ref ulong negative, ref ulong nonzero, bool hasZeros, int terms, int panel, int count,
        ref float results)
    {
        unchecked
        {
            int first = panel * SignProduct.PanelWidth;
            ref ulong weights = ref Unsafe.As<byte, ulong>(ref w.Weight(product.Weights + (first * product.Words * sizeof(ulong))));
            ref float scales = ref Unsafe.As<byte, float>(ref w.Weight(product.Scales + (first * sizeof(float))));
            ref float biases = ref Unsafe.As<byte, float>(ref w.Weight(product.Biases + (first * sizeof(float))));
            (int words, float minimum, float maximum) = (product.Words, product.Minimum, product.Maximum);
            if (w.IsStarting || !ByteLanes.Has128)
            {
                Scalar(
                    ref negative, ref nonzero, terms, ref weights, words, ref scales, ref biases, minimum, maximum, count, ref results);
            }
            else if (ByteLanes.Has256)
            {
                SignTile256.Run(
                    ref negative, ref nonzero, hasZeros, terms, ref weights, words, ref scales, ref biases, minimum, maximum, count,
                    ref results);
            }
            else
            {
                SignTile128.Run(
                    ref negative, ref nonzero, terms, ref weights, words, ref scales, ref biases, minimum, maximum, count, ref results);
            }
        }
    }

    // Whole words by the processor's instruction, where it has one.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scalar(
        ref ulong negative, ref ulong nonzero, int terms, ref ulong weights, int words, ref float scales, ref float biases,
        float minimum, float maximum, int panels, ref float results)
    {
        unchecked
        {
            for (int output = 0; output < panels * SignProduct.PanelWidth; output++)
            {
                int differing = 0;
                int at = (output / SignProduct.PanelWidth * words * SignProduct.PanelWidth) + (output % SignProduct.PanelWidth);
                for (int i = 0; i < words; i++, at += SignProduct.PanelWidth)
                    differing += BitOperations.PopCount(
                        (Unsafe.Add(ref negative, i) ^ Unsafe.Add(ref weights, at)) & Unsafe.Add(ref nonzero, i));
                float value = ((terms - (2 * differing)) * Unsafe.Add(ref scales, output)) + Unsafe.Add(ref biases, output);
                value = value < minimum ? minimum : value;
                Unsafe.Add(ref results, output) = value > maximum ? maximum : value;
            }
        }
    }
}
