using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>Einsum: a sum of products over named indices, one matrix product for each further operand.</summary>
[RewrittenOperator("Einsum")]
[Input(0, "Inputs", Elements.Numbers, Variable = "T", Variadic = true)]
[Output(0, "Output")]
[Parameter("equation", ParameterKind.String, Required = true)]
internal sealed class EinsumExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        var equation = EinsumEquation.Of(context);
        (string Value, string Labels) result = Reduced(0);
        for (int i = 1; i < equation.Operands.Length; i++)
            result = Product(context, result, Reduced(i), Later(i) + equation.Output);
        result = Summed(context, result, equation.Output);
        context.Return(0, Ordered(context, result, equation.Output));

        (string Value, string Labels) Reduced(int i) => Diagonal(context, (context[i], equation.Operands[i]));

        string Later(int i) => string.Concat(equation.Operands.Skip(i + 1));
    }

    // A label that an operand has twice means its diagonal.
    private static (string Value, string Labels) Diagonal(ExpansionContext context, (string Value, string Labels) operand)
    {
        (string value, string labels) = operand;
        for (int i = 0; i < labels.Length; i++)
        {
            int again = labels.IndexOf(labels[i], i + 1);
            if (again < 0)
                continue;
            TensorType type = context.TypeOf(value);
            int extent = type.Dimensions[i];
            if (type.Dimensions[again] != extent)
                throw context.Invalid($"index {labels[i]} is {extent} and {type.Dimensions[again]}");
            int[] rest = [.. Enumerable.Range(0, type.Rank).Where(d => d != i && d != again)];
            long[] shape = [.. rest.Select(d => (long)type.Dimensions[d])];
            string flat = context.Reshape(context.Transpose(value, [.. rest.Select(d => (long)d), i, again]),
                [.. shape, (long)extent * extent]);
            string places = context.Ints([.. Enumerable.Range(0, extent).Select(p => (long)p * (extent + 1))]);
            value = context.Add(ExpansionContext.New("Gather", flat, places).With("axis", rest.Length));
            labels = string.Concat(rest.Select(d => labels[d])) + labels[i];
            i = -1;
        }
        return (value, labels);
    }

    // Sums over the labels that nobody needs any more.
    private static (string Value, string Labels) Summed(ExpansionContext context, (string Value, string Labels) operand, string needed)
    {
        long[] axes = [.. Enumerable.Range(0, operand.Labels.Length).Where(i => !needed.Contains(operand.Labels[i])).Select(i => (long)i)];
        return axes.Length == 0 ? operand : (context.Reduce("ReduceSum", operand.Value, axes, keep: false),
            string.Concat(operand.Labels.Where(needed.Contains)));
    }

    private static (string Value, string Labels) Product(
        ExpansionContext context, (string Value, string Labels) a, (string Value, string Labels) b, string needed)
    {
        (a, b) = (Summed(context, a, needed + b.Labels), Summed(context, b, needed + a.Labels));
        string shared = string.Concat(a.Labels.Where(b.Labels.Contains));
        string batch = string.Concat(shared.Where(needed.Contains)), inner = string.Concat(shared.Where(l => !needed.Contains(l)));
        string left = string.Concat(a.Labels.Where(l => !shared.Contains(l))),
            right = string.Concat(b.Labels.Where(l => !shared.Contains(l)));
        int Extent(char label) => Math.Max(Size(a, label), Size(b, label));
        int Size((string Value, string Labels) of, char label) =>
            of.Labels.IndexOf(label) is >= 0 and var i ? context.TypeOf(of.Value).Dimensions[i] : 1;
        long Count(string labels) => labels.Aggregate(1L, (n, l) => n * Extent(l));
        string Grown((string Value, string Labels) of, string order)
        {
            // An extent of 1 stands for any other.
            string value = Ordered(context, of, order);
            return order.Any(l => Size(of, l) != Extent(l))
                ? context.Add("Expand", value, context.Ints([.. order.Select(l => (long)Extent(l))]))
                : value;
        }

        string x = context.Reshape(Grown(a, batch + left + inner), Count(batch), Count(left), Count(inner));
        string y;
        if (context.TypeOf(x).Element.IsFloat())
        {
            y = context.Add("MatMul", x, context.Reshape(Grown(b, batch + inner + right), Count(batch), Count(inner), Count(right)));
        }
        else
        {
            string turned = context.Reshape(Grown(b, batch + right + inner), Count(batch), 1, Count(right), Count(inner));
            y = context.Reduce("ReduceSum", context.Add("Mul", context.Add("Unsqueeze", x, context.Ints(2)), turned), [3], keep: false);
        }
        string labels = batch + left + right;
        return (context.Reshape(y, [.. labels.Select(l => (long)Extent(l))]), labels);
    }

    private static string Ordered(ExpansionContext context, (string Value, string Labels) operand, string order) => operand.Labels == order
        ? operand.Value
        : context.Transpose(operand.Value, [.. order.Select(l => (long)operand.Labels.IndexOf(l))]);
}
