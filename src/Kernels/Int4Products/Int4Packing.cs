namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>
/// The layout in which the build stores weights of four bits that kernels read as such, and its exact inverse. Only the build and the
/// tests use this class, so it is never emitted into an app.
/// </summary>
/// <remarks>
/// Panels and quads are those of <c>Int8Packing</c>, but every panel has 16 outputs, and a quad takes 32 bytes: byte <c>i</c> holds the
/// weight of byte <c>i</c> of the s8 quad in its lower half and that of byte <c>i + 32</c> (eight outputs further) in its upper half, each
/// plus <see cref="Offset"/>. A weight is that integer times the factor of its output and its group of inputs; factors are bytes, 16 for
/// each panel and group.
/// </remarks>
internal static class Int4Packing
{
    /// <summary>What is added to a weight, so that its code has no sign.</summary>
    public const int Offset = 8;

    /// <summary>The greatest magnitude of a weight without its factor.</summary>
    public const int Highest = 7;

    /// <summary>
    /// The greatest factor: with it two neighbouring weights keep the bound on pair sums (2 · 7 · 9 ≤ 128), whatever they are.
    /// </summary>
    public const int GreatestFactor = 9;

    private const int PanelWidth = 16;

    private const int QuadBytes = 32;

    /// <summary>Bytes of the packed weights, without factors.</summary>
    public static int PackedBytes(int groups, int outputs, int quads) => checked(groups * Panels(outputs) * quads * QuadBytes);

    /// <summary>Bytes of the factors; none where a group holds all inputs.</summary>
    public static int FactorBytes(int groups, int outputs, int tapQuads, int groupQuads) =>
        groupQuads == 0 ? 0 : checked(groups * Panels(outputs) * Groups(tapQuads, groupQuads) * PanelWidth);

    /// <summary>
    /// The factor with which all weights of a group are multiples of at most <see cref="Highest"/>; 0 where there is none.
    /// </summary>
    public static int Factor(ReadOnlySpan<sbyte> weights)
    {
        for (int factor = 1; factor <= GreatestFactor; factor++)
        {
            bool fits = true;
            for (int i = 0; i < weights.Length && fits; i++)
                fits = weights[i] % factor == 0 && Math.Abs(weights[i] / factor) <= Highest;
            if (fits)
                return factor;
        }

        return 0;
    }

    /// <summary>Packs weights.</summary>
    /// <param name="dense">The layer in the layout of s8 panels, group after group.</param>
    /// <param name="groups">Number of groups of channels.</param>
    /// <param name="outputs">Output channels of a group.</param>
    /// <param name="quads">Quads of an output.</param>
    /// <param name="tapQuads">Quads of a tap.</param>
    /// <param name="groupQuads">Quads that share a factor; 0: all, whose factor is 1.</param>
    /// <param name="packed">Receives the codes.</param>
    /// <param name="factors">Receives the factors.</param>
    /// <returns>Whether the weights are such multiples.</returns>
    public static bool TryPack(
        ReadOnlySpan<byte> dense, int groups, int outputs, int quads, int tapQuads, int groupQuads, out byte[] packed, out byte[] factors)
    {
        packed = new byte[PackedBytes(groups, outputs, quads)];
        factors = new byte[FactorBytes(groups, outputs, tapQuads, groupQuads)];
        packed.AsSpan().Fill((Offset << 4) | Offset);
        factors.AsSpan().Fill(1);
        int inputGroups = groupQuads == 0 ? 1 : Groups(tapQuads, groupQuads);
        var ofGroup = new sbyte[quads * 4];
        int at = 0;
        for (int panel = 0; panel < groups * Panels(outputs); panel++)
        {
            int width = Width(panel, outputs);
            for (int output = 0; output < width; output++)
            {
                for (int g = 0; g < inputGroups; g++)
                {
                    // A group's quads follow one another within each tap.
                    int count = 0, first = g * groupQuads;
                    int end = groupQuads == 0 ? tapQuads : Math.Min(first + groupQuads, tapQuads);
                    for (int tap = 0; tap < quads; tap += tapQuads)
                        for (int quad = tap + first; quad < Math.Min(tap + end, quads); quad++)
                            for (int i = 0; i < 4; i++)
                                ofGroup[count++] = unchecked((sbyte)dense[at + (((quad * width) + output) * 4) + i]);
                    int factor = Factor(ofGroup.AsSpan(0, count));
                    if (factor == 0 || (factor > 1 && groupQuads == 0))
                        return false;
                    if (groupQuads > 0)
                        factors[(((panel * inputGroups) + g) * PanelWidth) + output] = (byte)factor;
                    int taken = 0;
                    for (int tap = 0; tap < quads; tap += tapQuads)
                        for (int quad = tap + first; quad < Math.Min(tap + end, quads); quad++)
                        {
                            int place = (((panel * quads) + quad) * QuadBytes) + ((output & 7) * 4);
                            for (int i = 0; i < 4; i++, place++)
                            {
                                int code = (ofGroup[taken++] / factor) + Offset;
                                packed[place] = (byte)(output < 8 ? (packed[place] & 0xF0) | code : (packed[place] & 0x0F) | (code << 4));
                            }
                        }
                }
            }

            at += width * quads * 4;
        }

        return true;
    }

    /// <summary>The inverse of <see cref="TryPack"/>: the layer in the layout of s8 panels.</summary>
    public static byte[] Unpack(
        ReadOnlySpan<byte> packed, ReadOnlySpan<byte> factors, int groups, int outputs, int quads, int tapQuads, int groupQuads)
    {
        int inputGroups = groupQuads == 0 ? 1 : Groups(tapQuads, groupQuads);
        var dense = new byte[checked(groups * ((outputs + 7) & ~7) * quads * 4)];
        int at = 0;
        for (int panel = 0; panel < groups * Panels(outputs); panel++)
        {
            int width = Width(panel, outputs);
            for (int quad = 0; quad < quads; quad++)
            {
                for (int i = 0; i < width * 4; i++)
                {
                    byte pair = packed[(((panel * quads) + quad) * QuadBytes) + (i & 31)];
                    int factor = groupQuads == 0 ? 1
                        : factors[(((panel * inputGroups) + Group(quad, tapQuads, groupQuads)) * PanelWidth) + (i >> 2)];
                    dense[at++] = unchecked((byte)(((i < 32 ? pair & 15 : pair >> 4) - Offset) * factor));
                }
            }
        }

        return dense;
    }

    private static int Panels(int outputs) => (outputs + PanelWidth - 1) / PanelWidth;

    private static int Groups(int tapQuads, int groupQuads) => (tapQuads + groupQuads - 1) / groupQuads;

    private static int Group(int quad, int tapQuads, int groupQuads) => groupQuads == 0 ? 0 : quad % tapQuads / groupQuads;

    // The s8 layout's last panel may have eight outputs.
    private static int Width(int panel, int outputs) =>
        ((outputs + 7) & ~7) - (panel % Panels(outputs) * PanelWidth) >= PanelWidth ? PanelWidth : 8;
}
