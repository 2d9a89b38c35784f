using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>Trilu: matrices of which what lies below (or above) a diagonal is 0.</summary>
[RewrittenOperator("Trilu")]
[Input(0, "input", Elements.Numbers | Elements.Bool)]
[Input(1, "k", Elements.Int64, Optional = true)]
[Output(0, "output")]
[Parameter("upper", ParameterKind.Int)]
internal sealed class TriluExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        if (x.Rank < 2 || (context.Has(1) && context.Type(1).Count != 1))
            throw context.Invalid($"its input is {x}{(context.Has(1) ? $" and k {context.Type(1)}" : "")}");
        if (x.Count == 0)
        {
            context.Return(0, context[0]);
            return;
        }
        (int rows, int columns) = (x.Dimensions[^2], x.Dimensions[^1]);
        context.Elements(rows, columns);
        string diagonals = context.Add(Tensor.Of(
            [.. Enumerable.Range(0, rows * columns).Select(i => (long)((i % columns) - (i / columns)))], rows, columns));
        string k = context.Has(1) ? context.Reshape(context[1], Array.Empty<long>()) : context.Scalar(ElementType.Int64, 0);
        bool upper = context.Node.Int("upper", 1) != 0;
        string kept = context.Add(upper ? "GreaterOrEqual" : "LessOrEqual", diagonals, k);
        string zero = context.Add(NumericCast.Convert(Tensor.Scalar(0), x.Element)!);
        context.Return(0, context.Add("Where", kept, context[0], zero));
    }
}
