namespace OptimizerBuild.Kernels.Tests.Oracles;

/// <summary>Pooling as its definition has it, over NHWC tensors.</summary>
internal static class PoolOracle
{
    /// <summary>The greatest value of each window; padding does not take part; a window of padding only gives 0.</summary>
    public static byte[] Max(WindowGeometry g, byte[] input) =>
        Windows(g, (n, oy, ox, c) =>
        {
            byte greatest = 0;
            foreach ((int y, int x) in Inside(g, oy, ox))
                greatest = Math.Max(greatest, input[At(g, n, y, x, c)]);
            return greatest;
        });

    /// <summary>The mean of each window with the multiplier that belongs to its count.</summary>
    public static byte[] Average(
        WindowGeometry g, byte[] input, int[] multiplierOfCount, int shift, int inputZeroPoint, int outputZeroPoint, int minimum,
        int maximum, bool countIncludePad) =>
        Windows(g, (n, oy, ox, c) =>
        {
            long sum = 0;
            int inside = 0;
            foreach ((int y, int x) in Inside(g, oy, ox))
            {
                sum += input[At(g, n, y, x, c)] - inputZeroPoint;
                inside++;
            }

            int count = countIncludePad ? Padded(g, oy, ox) : inside;
            return Arithmetic.ToUInt8((Int128)sum * multiplierOfCount[count], shift, outputZeroPoint, minimum, maximum);
        });

    private static byte[] Windows(WindowGeometry g, Func<int, int, int, int, byte> value)
    {
        var output = new byte[g.Images * g.OutputHeight * g.OutputWidth * g.InputChannels];
        int at = 0;
        for (int n = 0; n < g.Images; n++)
            for (int oy = 0; oy < g.OutputHeight; oy++)
                for (int ox = 0; ox < g.OutputWidth; ox++)
                    for (int c = 0; c < g.InputChannels; c++)
                        output[at++] = value(n, oy, ox, c);
        return output;
    }

    private static IEnumerable<(int Y, int X)> Inside(WindowGeometry g, int oy, int ox)
    {
        for (int ky = 0; ky < g.KernelHeight; ky++)
            for (int kx = 0; kx < g.KernelWidth; kx++)
            {
                int y = (oy * g.StrideHeight) - g.PadTop + (ky * g.DilationHeight);
                int x = (ox * g.StrideWidth) - g.PadLeft + (kx * g.DilationWidth);
                if (y >= 0 && y < g.Height && x >= 0 && x < g.Width)
                    yield return (y, x);
            }
    }

    private static int Padded(WindowGeometry g, int oy, int ox)
    {
        int count = 0;
        for (int ky = 0; ky < g.KernelHeight; ky++)
            for (int kx = 0; kx < g.KernelWidth; kx++)
            {
                int y = (oy * g.StrideHeight) - g.PadTop + (ky * g.DilationHeight);
                int x = (ox * g.StrideWidth) - g.PadLeft + (kx * g.DilationWidth);
                if (y >= -g.PadTop && y < g.Height + g.PadBottom && x >= -g.PadLeft && x < g.Width + g.PadRight)
                    count++;
            }

        return count;
    }

    private static int At(WindowGeometry g, int n, int y, int x, int c) => (((((n * g.Height) + y) * g.Width) + x) * g.InputChannels) + c;
}
