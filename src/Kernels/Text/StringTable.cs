namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Collections.Generic;

/// <summary>
/// The strings that a model holds. In the arena a string is its place in this table, its code; what the table does not hold has the
/// code −1, or one of a <c>StringPool</c>. Made once for each model; usable from several threads.
/// </summary>
internal sealed class StringTable
{
    private readonly string[] _texts;
    private readonly Dictionary<string, int> _codes;

    /// <summary>A table of strings, all different.</summary>
    /// <param name="texts">The strings in the order of their codes.</param>
    public StringTable(params string[] texts)
    {
        _texts = texts;
        _codes = new Dictionary<string, int>(texts.Length, StringComparer.Ordinal);
        for (int i = 0; i < texts.Length; i++)
            _codes.Add(texts[i], i);
    }

    /// <summary>How many strings the table holds.</summary>
    public int Count => _texts.Length;

    /// <summary>The code of a string; −1 where the table does not hold it, as it does not hold null.</summary>
    public int Code(string? text) => text is not null && _codes.TryGetValue(text, out int code) ? code : -1;

    /// <summary>The string of a code; null where the table has no such code.</summary>
    public string? Text(int code) => (uint)code < (uint)_texts.Length ? _texts[code] : null;

    /// <summary>The strings of codes in the arena, each of which is in the table.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="source">Arena offset of the first code.</param>
    /// <param name="texts">Takes the strings.</param>
    /// <returns>The strings that were taken.</returns>
    public ReadOnlySpan<string> Read(Workspace w, int source, string[] texts)
    {
        ReadOnlySpan<int> codes = w.ArenaSpan<int>(source, texts.Length);
        for (int i = 0; i < codes.Length; i++)
            texts[i] = _texts[codes[i]];
        return texts;
    }
}
