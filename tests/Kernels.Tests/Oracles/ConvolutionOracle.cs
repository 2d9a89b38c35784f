namespace OptimizerBuild.Kernels.Tests.Oracles;

/// <summary>Geometry of a convolution or pooling over logical tensors.</summary>
internal sealed record WindowGeometry(
    int Images, int Height, int Width, int Groups, int InputsPerGroup, int OutputsPerGroup,
    int KernelHeight, int KernelWidth, int StrideHeight, int StrideWidth, int DilationHeight, int DilationWidth,
    int PadTop, int PadLeft, int PadBottom, int PadRight)
{
    public int InputChannels => Groups * InputsPerGroup;

    public int OutputChannels => Groups * OutputsPerGroup;

    public int OutputHeight => ((Height + PadTop + PadBottom - (DilationHeight * (KernelHeight - 1)) - 1) / StrideHeight) + 1;

    public int OutputWidth => ((Width + PadLeft + PadRight - (DilationWidth * (KernelWidth - 1)) - 1) / StrideWidth) + 1;
}

/// <summary>Convolution as its definition has it: padding is the real value 0, that is, an input equal to the zero point.</summary>
internal static class ConvolutionOracle
{
    /// <summary>The accumulators [image][row][pixel][channel].</summary>
    /// <param name="g">The geometry.</param>
    /// <param name="input">NHWC.</param>
    /// <param name="zeroPoint">The input's zero point.</param>
    /// <param name="weights">OIHW.</param>
    /// <param name="bias">One for each output channel, without zero-point correction.</param>
    public static long[] Sums(WindowGeometry g, byte[] input, int zeroPoint, sbyte[] weights, long[] bias)
    {
        var sums = new long[g.Images * g.OutputHeight * g.OutputWidth * g.OutputChannels];
        int at = 0;
        for (int n = 0; n < g.Images; n++)
            for (int oy = 0; oy < g.OutputHeight; oy++)
                for (int ox = 0; ox < g.OutputWidth; ox++)
                    for (int o = 0; o < g.OutputChannels; o++)
                    {
                        long sum = bias[o];
                        int group = o / g.OutputsPerGroup;
                        for (int i = 0; i < g.InputsPerGroup; i++)
                            for (int ky = 0; ky < g.KernelHeight; ky++)
                                for (int kx = 0; kx < g.KernelWidth; kx++)
                                {
                                    int y = (oy * g.StrideHeight) - g.PadTop + (ky * g.DilationHeight);
                                    int x = (ox * g.StrideWidth) - g.PadLeft + (kx * g.DilationWidth);
                                    if (y < 0 || y >= g.Height || x < 0 || x >= g.Width)
                                        continue;
                                    long value = input[(((((n * g.Height) + y) * g.Width) + x) * g.InputChannels)
                                        + (group * g.InputsPerGroup) + i];
                                    long weight = weights[(((((o * g.InputsPerGroup) + i) * g.KernelHeight) + ky) * g.KernelWidth) + kx];
                                    sum += (value - zeroPoint) * weight;
                                }

                        sums[at++] = sum;
                    }

        return sums;
    }
}
