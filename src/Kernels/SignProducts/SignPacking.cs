namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>
/// The layout of weights that are signs times a scale for each output, and its exact inverse. Only the build and the tests use this class,
/// so it is never emitted into an app.
/// </summary>
/// <remarks>
/// An output's weights are a line of bits, 1 for negative ones: tap after tap, of each tap the inputs as <see cref="SignPlanes"/> packs
/// them, filled up with zeros to whole words of 64 bits. Lines stand in panels of 8 outputs: the first words of all eight, then the second
/// ones, and so on.
/// </remarks>
internal static class SignPacking
{
    /// <summary>Words of 64 bits of an output.</summary>
    public static int Words(int inputs, int taps) => checked(((SignPlanes.PixelBytes(inputs) * taps) + 7) / 8);

    /// <summary>Outputs rounded up to whole panels.</summary>
    public static int PaddedOutputs(int outputs) =>
        checked((outputs + SignProduct.PanelWidth - 1) / SignProduct.PanelWidth * SignProduct.PanelWidth);

    /// <summary>Bytes of the packed signs.</summary>
    public static int PackedBytes(int outputs, int inputs, int taps) =>
        checked(PaddedOutputs(outputs) * Words(inputs, taps) * sizeof(ulong));

    /// <summary>Packs the signs of weights.</summary>
    /// <param name="weights">[outputs][inputs][taps].</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="inputs">Input channels.</param>
    /// <param name="taps">Taps of the window.</param>
    public static byte[] Pack(ReadOnlySpan<float> weights, int outputs, int inputs, int taps)
    {
        var packed = new byte[PackedBytes(outputs, inputs, taps)];
        for (int o = 0; o < outputs; o++)
            for (int i = 0; i < inputs; i++)
                for (int t = 0; t < taps; t++)
                    if (weights[(((o * inputs) + i) * taps) + t] < 0)
                        packed[Place(o, i, t, inputs, taps)] |= (byte)(1 << (i & 7));
        return packed;
    }

    /// <summary>Reads the weights back.</summary>
    /// <param name="packed">The packed signs.</param>
    /// <param name="scales">The scale of each output.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="inputs">Input channels.</param>
    /// <param name="taps">Taps of the window.</param>
    public static float[] Unpack(ReadOnlySpan<byte> packed, ReadOnlySpan<float> scales, int outputs, int inputs, int taps)
    {
        var weights = new float[checked(outputs * inputs * taps)];
        for (int o = 0; o < outputs; o++)
            for (int i = 0; i < inputs; i++)
                for (int t = 0; t < taps; t++)
                {
                    bool isNegative = (packed[Place(o, i, t, inputs, taps)] & (1 << (i & 7))) != 0;
                    weights[(((o * inputs) + i) * taps) + t] = isNegative ? -scales[o] : scales[o];
                }
        return weights;
    }

    // The byte of a weight's bit.
    private static int Place(int output, int input, int tap, int inputs, int taps)
    {
        int at = (tap * SignPlanes.PixelBytes(inputs)) + (input >> 3);
        int panel = output / SignProduct.PanelWidth * Words(inputs, taps) * SignProduct.PanelWidth;
        return ((panel + (at / 8 * SignProduct.PanelWidth) + (output % SignProduct.PanelWidth)) * 8) + (at % 8);
    }
}
