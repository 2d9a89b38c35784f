namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>Sections of bytes of three different values, five of them to a byte: 3⁵ is 243.</summary>
internal static class TernaryCode
{
    /// <summary>The different values, with which a code begins.</summary>
    public const int Values = 3;

    /// <summary>Elements that share a byte.</summary>
    public const int InAByte = 5;

    /// <summary>The numbers that a byte may be.</summary>
    public const int Numbers = Values * Values * Values * Values * Values;

    /// <summary>
    /// Decodes sections. A section's code is the list of its three values and a byte for each five elements: the first one's number in the
    /// list, three times the second's, nine times the third's, and so on. What the last byte has too many is zero.
    /// </summary>
    /// <param name="w">The resource as weights and the weights' memory as arena.</param>
    /// <param name="sections">The sections, as <see cref="CodedWeights"/> says; elements are bytes side by side.</param>
    /// <exception cref="System.IO.InvalidDataException">The code is damaged.</exception>
    public static void Decode(Workspace w, ReadOnlySpan<int> sections)
    {
        for (int s = 0; s < sections.Length; s += CodedWeights.Fields)
            Section(w.WeightSpan<byte>(sections[s], sections[s + 1]), w.ArenaSpan<byte>(sections[s + 2], sections[s + 3]));
    }

    // Loading runs once: there is no time for a loop to be compiled again.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Section(ReadOnlySpan<byte> source, Span<byte> target)
    {
        int whole = target.Length / InAByte;
        int rest = target.Length - (whole * InAByte);
        if (source.Length != Values + whole + (rest > 0 ? 1 : 0))
            throw CodedWeights.Damaged();
        ReadOnlySpan<byte> list = source.Slice(0, Values);
        ReadOnlySpan<byte> bytes = source.Slice(Values);
        for (int i = 0; i < whole; i++)
        {
            uint number = bytes[i];
            if (number >= Numbers)
                throw CodedWeights.Damaged();
            Span<byte> five = target.Slice(i * InAByte, InAByte);
            for (int k = 0; k < five.Length; k++)
            {
                uint quotient = number / Values;
                five[k] = list[(int)(number - (quotient * Values))];
                number = quotient;
            }
        }

        if (rest == 0)
            return;
        uint last = bytes[whole];
        for (int i = target.Length - rest; i < target.Length; i++)
        {
            target[i] = list[(int)(last % Values)];
            last /= Values;
        }

        if (last != 0)
            throw CodedWeights.Damaged();
    }
}
