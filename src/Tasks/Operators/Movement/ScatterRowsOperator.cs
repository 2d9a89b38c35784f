using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
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
internal sealed class ScatterRowsOperator : Operator
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
