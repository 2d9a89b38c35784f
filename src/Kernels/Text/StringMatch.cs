namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Collections.Concurrent;
using global::System.Text.RegularExpressions;

/// <summary>Which strings a regular expression describes from their first to their last character.</summary>
internal static class StringMatch
{
    private static readonly ConcurrentDictionary<string, Regex> Expressions =
        new ConcurrentDictionary<string, Regex>(StringComparer.Ordinal);

    /// <summary>Compares all strings with an expression; the result is a byte for each, 0 or 1.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the codes.</param>
    /// <param name="output">Arena offset of the results.</param>
    /// <param name="count">The number of strings.</param>
    /// <param name="pattern">Weights offset of the expression's characters, of 16 bits, with its anchors.</param>
    /// <param name="patternLength">Their number.</param>
    /// <param name="backtracks">1 where the expression looks around, which takes an engine that goes back; 0 for one whose time is
    /// proportional to the length of the string.</param>
    public static void Full(Workspace w, int input, int output, int count, int pattern, int patternLength, int backtracks)
    {
        StringPool pool = StringPool.Of(w);
        string expression = new string(w.WeightSpan<char>(pattern, patternLength));
        if (!Expressions.TryGetValue(expression, out Regex? regex))
        {
            regex = new Regex(
                expression, RegexOptions.CultureInvariant | (backtracks != 0 ? RegexOptions.None : RegexOptions.NonBacktracking));
            Expressions[expression] = regex;
        }
        ReadOnlySpan<int> from = w.OperandSpan<int>(input, count);
        Span<byte> to = w.ArenaSpan<byte>(output, count);
        for (int i = 0; i < to.Length; i++)
            to[i] = regex.IsMatch(pool.Text(from[i])) ? (byte)1 : (byte)0;
    }
}
