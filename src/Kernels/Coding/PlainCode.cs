namespace OptimizerBuild.Kernels;

using global::System;

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
            Span<byte> target = w.ArenaSpan<byte>(sections[s + 2], ((count - 1) * step) + width);
            if (step == width)
            {
                source.CopyTo(target);
                continue;
            }
            for (int i = 0; i < count; i++)
                target[i * step] = source[i];
        }
    }
}
