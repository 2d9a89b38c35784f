namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>Functions of strings, one at a time, that make strings. They allocate what they make.</summary>
internal static class StringFunctions
{
    /// <summary>The letters in another case, by the rules of no language.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the codes.</param>
    /// <param name="output">Arena offset of the codes of the results.</param>
    /// <param name="count">The number of strings.</param>
    /// <param name="upper">1 for capitals, 0 for small letters.</param>
    public static void ChangeCase(Workspace w, int input, int output, int count, int upper)
    {
        StringPool pool = StringPool.Of(w);
        ReadOnlySpan<int> from = w.OperandSpan<int>(input, count);
        Span<int> to = w.ArenaSpan<int>(output, count);
        for (int i = 0; i < to.Length; i++)
        {
            string text = pool.Text(from[i]);
            to[i] = pool.Code(upper != 0 ? text.ToUpperInvariant() : text.ToLowerInvariant());
        }
    }

    /// <summary>Two strings, the second behind the first. Operands are broadcast to the output's shape by strides of 0; the output is
    /// contiguous.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="a">Operand offset of the first strings' codes.</param>
    /// <param name="b">Operand offset of the second strings' codes.</param>
    /// <param name="output">Arena offset of the results' codes.</param>
    /// <param name="dims">The output's extents, outermost first.</param>
    /// <param name="aStrides">Codes between neighbours of the first operand, 0 where it is repeated.</param>
    /// <param name="bStrides">The same for the second operand.</param>
    public static void Concat(
        Workspace w, int a, int b, int output, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides, ReadOnlySpan<int> bStrides)
    {
        StringPool pool = StringPool.Of(w);
        int count = 1;
        for (int d = 0; d < dims.Length; d++)
            count *= dims[d];
        ReadOnlySpan<int> first = w.OperandSpan<int>(a, Extent(dims, aStrides));
        ReadOnlySpan<int> second = w.OperandSpan<int>(b, Extent(dims, bStrides));
        Span<int> to = w.ArenaSpan<int>(output, count);
        for (int i = 0; i < to.Length; i++)
            to[i] = pool.Code(string.Concat(pool.Text(first[Place(i, dims, aStrides)]), pool.Text(second[Place(i, dims, bStrides)])));
    }

    // How many codes an operand's strides reach over.
    private static int Extent(ReadOnlySpan<int> dims, ReadOnlySpan<int> strides)
    {
        int last = 0;
        for (int d = 0; d < dims.Length; d++)
            last += (dims[d] - 1) * strides[d];
        return last + 1;
    }

    private static int Place(int index, ReadOnlySpan<int> dims, ReadOnlySpan<int> strides)
    {
        int place = 0;
        for (int d = dims.Length - 1; d >= 0; d--)
        {
            place += index % dims[d] * strides[d];
            index /= dims[d];
        }
        return place;
    }
}
