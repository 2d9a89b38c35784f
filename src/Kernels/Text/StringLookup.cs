namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>Brings the caller's strings into the arena as their codes in the model's table.</summary>
internal static class StringLookup
{
    /// <summary>Looks all strings up, in the caller's order. Allocates nothing.</summary>
    /// <param name="source">The caller's strings; null counts as one that the model does not hold.</param>
    /// <param name="w">The workspace.</param>
    /// <param name="destination">Arena offset of the first code, of 32 bits.</param>
    /// <param name="count">The number of strings.</param>
    /// <param name="table">The model's strings.</param>
    public static void Run(ReadOnlySpan<string> source, Workspace w, int destination, int count, StringTable table)
    {
        Span<int> codes = w.ArenaSpan<int>(destination, count);
        for (int i = 0; i < codes.Length; i++)
            codes[i] = table.Code(source[i]);
    }
}
