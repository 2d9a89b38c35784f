namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>Brings the caller's strings into the arena as codes of the instance's pool, which keeps those that the model does not hold.
/// </summary>
internal static class StringIntern
{
    /// <summary>Takes all strings, in the caller's order.</summary>
    /// <param name="source">The caller's strings; null counts as the empty string.</param>
    /// <param name="w">The workspace.</param>
    /// <param name="destination">Arena offset of the first code, of 32 bits.</param>
    /// <param name="count">The number of strings.</param>
    public static void Run(ReadOnlySpan<string> source, Workspace w, int destination, int count)
    {
        StringPool pool = StringPool.Of(w);
        Span<int> codes = w.ArenaSpan<int>(destination, count);
        for (int i = 0; i < codes.Length; i++)
            codes[i] = pool.Code(source[i]);
    }
}
