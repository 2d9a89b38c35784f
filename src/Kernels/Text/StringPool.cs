namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Collections.Generic;

/// <summary>
/// The strings of one instance of a predictor whose model hands callers' strings on, compares them or makes new ones: those that the model
/// holds, and behind them those of the prediction under way. In the arena a string is its place among both, its code; equal strings have
/// the same code.
/// </summary>
internal sealed class StringPool
{
    private readonly StringTable _model;
    private readonly List<string> _own = new List<string>();
    private readonly Dictionary<string, int> _codes = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>A pool without strings of its own.</summary>
    /// <param name="model">The strings that the model holds; the first is the empty one.</param>
    public StringPool(StringTable model) => _model = model;

    /// <summary>The pool of a workspace.</summary>
    public static StringPool Of(Workspace w) => (StringPool)w.Texts!;

    /// <summary>Forgets the strings of the last prediction; their codes mean nothing from now on.</summary>
    public void Clear()
    {
        _own.Clear();
        _codes.Clear();
    }

    /// <summary>The code of a string, which the pool keeps from now on; null counts as the empty string.</summary>
    public int Code(string? text)
    {
        string known = text ?? "";
        int code = _model.Code(known);
        if (code >= 0 || _codes.TryGetValue(known, out code))
            return code;
        code = _model.Count + _own.Count;
        _own.Add(known);
        _codes.Add(known, code);
        return code;
    }

    /// <summary>The string of a code; the empty one where there is no such code.</summary>
    public string Text(int code)
    {
        int own = code - _model.Count;
        return (uint)own < (uint)_own.Count ? _own[own] : _model.Text(code) ?? "";
    }

    /// <summary>The strings of codes in the arena.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="source">Arena offset of the first code.</param>
    /// <param name="texts">Takes the strings.</param>
    /// <returns>The strings that were taken.</returns>
    public ReadOnlySpan<string> Read(Workspace w, int source, string[] texts)
    {
        ReadOnlySpan<int> codes = w.ArenaSpan<int>(source, texts.Length);
        for (int i = 0; i < codes.Length; i++)
            texts[i] = Text(codes[i]);
        return texts;
    }
}
