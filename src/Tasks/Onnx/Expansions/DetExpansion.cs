using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>Det: determinants of small matrices by the expansion of Laplace along the first row.</summary>
[RewrittenOperator("Det")]
[Input(0, "X", Elements.Floats)]
[Output(0, "Y")]
internal sealed class DetExpansion : Expansion
{
    private const int Largest = 5;

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        if (x.Rank < 2 || x.Dimensions[^1] != x.Dimensions[^2] || x.Dimensions[^1] == 0)
            throw context.Invalid($"its input is {x} instead of square matrices");
        int size = x.Dimensions[^1];
        if (size > Largest)
            throw context.Unsupported($"matrices of up to {Largest} rows");
        string rows = context.Reshape(context[0], x.Count / (size * size), size, size);
        string determinant = Minor(context, rows, 0, [.. Enumerable.Range(0, size)]);
        context.Return(0, context.Reshape(determinant, x.Dimensions.AsSpan()[..^2]));
    }

    // The determinant of the rows from one on and of some columns.
    private static string Minor(ExpansionContext context, string rows, int row, int[] columns)
    {
        string sum = "";
        for (int i = 0; i < columns.Length; i++)
        {
            string term = context.Slice(context.Slice(rows, 1, row, row + 1), 2, columns[i], columns[i] + 1);
            if (columns.Length > 1)
                term = context.Add("Mul", term, Minor(context, rows, row + 1, [.. columns.Where((_, c) => c != i)]));
            sum = sum.Length == 0 ? term : context.Add(i % 2 == 0 ? "Add" : "Sub", sum, term);
        }
        return sum;
    }
}
