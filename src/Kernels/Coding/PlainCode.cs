namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>Sections that are stored as they are, or a byte of each of their elements.</summary>
internal static class PlainCode
{
    /// <summary>Copies sections.</summary>
    /// <param name="w">The resource as weights and the weights' memory as arena.</param>
    /// <param name="sections">The sections, as <see cref="CodedWeights"/> says.</param>
    public static void Decode(Workspace w, ReadOnlySpan<int> sections)
    {
        for (int s = 0; s < sections.Length; s += CodedWeights.Fields)
        {
            ReadOnlySpan<byte> source = w.WeightSpan<byte>(sections[s], sections[s + 1]);
            int count = sections[s + 3], width = sections[s + 4], step = sections[s + 5];
            Span<byte> target = w.ArenaSpan<byte>(sections[s + 2], CodedWeights.Bytes(count, width, step));
            if (step == width)
            {
                source.CopyTo(target);
                continue;
            }
            Spread(source, target, step);
        }
    }

    // Loading runs once: there is no time for a loop to be compiled again.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Spread(ReadOnlySpan<byte> source, Span<byte> target, int step)
    {
        for (int i = 0; i < source.Length; i++)
            target[i * step] = source[i];
    }
}
