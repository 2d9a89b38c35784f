using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Movement;

/// <summary>
/// A table of which some rows are replaced or combined with others (internal operator ScatterRows, which the importer makes of the
/// standard's scattering operators). Inputs: the table [rows, width], int64 indices [count] of rows, which may repeat and of which those
/// outside the table change nothing, and the rows [count, width].
/// </summary>
[Operator("ScatterRows", Domain = Node.InternalDomain)]
[Input(0, "table", Elements.All, Variable = "T")]
[Input(1, "indices", Elements.Int64)]
[Input(2, "updates", Elements.All, Variable = "T")]
[Output(0, "Y")]
[Parameter("reduction", ParameterKind.String, Choices = ["none", "add", "mul", "max", "min"])]
internal sealed class ScatterRowsOperator : Operator, IDifferentiable
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType table, TensorType indices, TensorType updates) = (context.Type(0), context.Type(1), context.Type(2));
        if (table.Rank != 2 || indices.Rank != 1 || updates.Rank != 2 || updates.Dimensions[0] != indices.Count
            || updates.Dimensions[1] != table.Dimensions[1])
            throw context.Invalid($"its inputs are {table}, {indices} and {updates}");
        if (Reduction(context.Node) != "none" && !table.Element.IsNumeric())
            throw context.Invalid($"{table.Element} cannot be combined by {Reduction(context.Node)}");
        return [table];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        (Tensor table, Tensor updates) = (inputs[0]!, inputs[2]!);
        long[] indices = inputs[1]!.Values<long>();
        Tensor result = new(table.Type, (Array)table.Data.Clone());
        if (Reduction(context.Node) != "none")
        {
            NumericDispatch.Run<Code, int>(table.Element, new Code(Reduction(context.Node), result, indices, updates));
            return [result];
        }
        (int rows, int width) = (table.Dimensions[0], table.Dimensions[1]);
        for (int i = 0; i < indices.Length; i++)
            if (indices[i] >= 0 && indices[i] < rows)
                Array.Copy(updates.Data, (long)i * width, result.Data, indices[i] * width, width);
        return [result];
    }

    /// <summary>How new rows meet old ones: none (they replace them), add, mul, max or min (attribute <c>reduction</c>).</summary>
    public static string Reduction(Node node) => node.Text("reduction", "none");

    /// <summary>The method of the kernel <see cref="ScatterRows"/>.</summary>
    public static string KernelMethod(Node node) => Reduction(node) switch
    {
        "add" => nameof(ScatterRows.Add),
        "mul" => nameof(ScatterRows.Mul),
        "max" => nameof(ScatterRows.Max),
        "min" => nameof(ScatterRows.Min),
        _ => nameof(ScatterRows.Store),
    };

    /// <inheritdoc/>
    /// <remarks>
    /// Each row of the result has a row of the table and those that met it, in their order. What replaces it takes all of the gradient, as
    /// does, element by element, the extremum; a sum hands it to all, a product to each times the others.
    /// </remarks>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        T[]? dTable = step.Gradient(0), dUpdates = step.Gradient(2);
        T[] dy = step.OutputGradient;
        (int rows, int width) = (context.Type(0).Dimensions[0], context.Type(0).Dimensions[1]);
        var met = new List<int>[rows];
        long[] indices = step.Inputs[1]!.Values<long>();
        for (int i = 0; i < indices.Length; i++)
            if (indices[i] >= 0 && indices[i] < rows)
                (met[indices[i]] ??= []).Add(i);
        string reduction = Reduction(context.Node);
        for (int row = 0; row < rows; row++)
        {
            // A place of the table, then places of the updates.
            int[] places = [row * width, .. (met[row] ?? []).Select(i => i * width)];
            ReadOnlySpan<T> gradient = dy.AsSpan(row * width, width);
            if (places.Length == 1 || reduction is "none" or "add")
            {
                for (int i = reduction == "add" ? 0 : places.Length - 1; i < places.Length; i++)
                    if ((i == 0 ? dTable : dUpdates) is { } to)
                        GradientSums.Add(gradient, to.AsSpan(places[i]));
                continue;
            }
            for (int k = 0; k < width; k++)
            {
                T[] values = [.. places.Select((p, i) => (i == 0 ? step.Input(0) : step.Input(2))[p + k])];
                for (int i = 0; i < places.Length; i++)
                    if ((i == 0 ? dTable : dUpdates) is { } to)
                        to[places[i] + k] += gradient[k] * Share(reduction, values, i);
            }
        }
    }

    // What the combination of values changes by with one of them.
    private static T Share<T>(string reduction, T[] values, int of)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (reduction == "mul")
            return values.Where((_, i) => i != of).Aggregate(T.One, (product, v) => product * v);
        // Of equal values the last one is taken.
        int chosen = 0;
        for (int i = 1; i < values.Length; i++)
            chosen = reduction == "max" ? (values[chosen] > values[i] ? chosen : i) : (values[chosen] < values[i] ? chosen : i);
        return chosen == of ? T.One : T.Zero;
    }

    private readonly struct Code(string reduction, Tensor result, long[] indices, Tensor updates) : INumericCode<int>
    {
        public int Run<T>()
            where T : unmanaged, INumber<T>, IMinMaxValue<T>
        {
            (T[] y, T[] u) = (result.Values<T>(), updates.Values<T>());
            (int rows, int width) = (result.Dimensions[0], result.Dimensions[1]);
            for (int i = 0; i < indices.Length; i++)
            {
                if (indices[i] < 0 || indices[i] >= rows)
                    continue;
                for (int k = 0; k < width; k++)
                {
                    ref T old = ref y[(indices[i] * width) + k];
                    T update = u[(i * width) + k];
                    old = reduction switch
                    {
                        "add" => unchecked(old + update),
                        "mul" => unchecked(old * update),
                        "max" => old > update || T.IsNaN(old) ? old : update,
                        _ => old < update || T.IsNaN(old) ? old : update,
                    };
                }
            }
            return 0;
        }
    }
}
