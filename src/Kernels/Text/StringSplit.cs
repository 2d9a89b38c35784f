namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>Strings taken apart at a delimiter, or at white space.</summary>
internal static class StringSplit
{
    /// <summary>Takes all strings apart.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the codes.</param>
    /// <param name="output">Arena offset of the parts' codes, a row for each string; behind its last part a row has the code of the empty
    /// string, 0.</param>
    /// <param name="lengths">Arena offset of the numbers of parts, 64-bit integers.</param>
    /// <param name="count">The number of strings.</param>
    /// <param name="parts">The most parts of a string; the last one is the rest of the string. 0 makes none.</param>
    /// <param name="delimiter">Weights offset of the delimiter's characters, of 16 bits.</param>
    /// <param name="delimiterLength">Their number; 0 splits at stretches of white space, and leaves it out at the string's start and, where
    /// the last part is no rest, at its end.</param>
    public static void Run(Workspace w, int input, int output, int lengths, int count, int parts, int delimiter, int delimiterLength)
    {
        StringPool pool = StringPool.Of(w);
        ReadOnlySpan<int> from = w.OperandSpan<int>(input, count);
        Span<int> to = w.ArenaSpan<int>(output, count * parts);
        Span<long> numbers = w.ArenaSpan<long>(lengths, count);
        ReadOnlySpan<char> mark = w.WeightSpan<char>(delimiter, delimiterLength);
        to.Clear();
        for (int i = 0; i < from.Length; i++)
        {
            Span<int> row = to.Slice(i * parts, parts);
            string text = pool.Text(from[i]);
            numbers[i] = delimiterLength == 0 ? AtWhiteSpace(pool, text, row) : AtDelimiter(pool, text, mark, row);
        }
    }

    private static int AtDelimiter(StringPool pool, string text, ReadOnlySpan<char> delimiter, Span<int> row)
    {
        int start = 0;
        for (int part = 0; part < row.Length; part++)
        {
            int length = part + 1 < row.Length ? text.AsSpan(start).IndexOf(delimiter) : -1;
            if (length < 0)
            {
                row[part] = pool.Code(text.Substring(start));
                return part + 1;
            }
            row[part] = pool.Code(text.Substring(start, length));
            start += length + delimiter.Length;
        }
        return row.Length;
    }

    private static int AtWhiteSpace(StringPool pool, string text, Span<int> row)
    {
        int start = 0;
        for (int part = 0; part < row.Length; part++)
        {
            while (start < text.Length && char.IsWhiteSpace(text[start]))
                start++;
            if (start == text.Length)
                return part;
            int end = part + 1 < row.Length ? start : text.Length;
            while (end < text.Length && !char.IsWhiteSpace(text[end]))
                end++;
            row[part] = pool.Code(text.Substring(start, end - start));
            start = end;
        }
        return row.Length;
    }
}
