using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// Finds the operator that computes what a fused chain spells out. Exporters write GELU and its like in many ways, which have nothing in
/// common but their values; so the values decide: a chain of analytic operators that agrees with a function to float32's precision on a
/// dense grid is that function. The chain is then one kernel instead of one for each of its parts.
/// </summary>
internal static class NamedFunctions
{
    // Of x, or of its thousandth: chains have their constants rounded to float32.
    private const double Tolerance = 1e-6;

    private static readonly Node[] Candidates =
        [.. OperatorRegistry.All.Select(o => OperatorRegistry.Of(new Node("", o.OpType, [], []) { Domain = o.Domain }))
            .OfType<ElementwiseFunction>().SelectMany(f => f.WrittenOut)];

    private static readonly Tensor Grid = new(TensorType.Of(ElementType.Float64, 1543), (double[])
    [
        .. Enumerable.Range(-768, 1537).Select(i => i / 64.0),
        -1000, -40, -20.1, 20.3, 50, 3000,
    ]);

    private static readonly Lazy<double[][]> Values = new(() => [.. Candidates.Select(c => Evaluate(Of(c)))]);

    /// <summary>The operator that computes the same as a chain; null where none is known.</summary>
    /// <param name="body">The chain, with one input and one output.</param>
    public static Node? Find(Graph body)
    {
        if (body.Nodes.Length < 2 || !body.Nodes.All(n => IsAnalytic(n) && n.Attributes.Count == 0)
            || !body.Constants.Values.All(c => c is { Element: ElementType.Float32, Count: 1 }))
            return null;
        double[] values = Evaluate(InDouble(body));
        int found = Array.FindIndex(Values.Value, v => Agree(values, v));
        return found < 0 ? null : Candidates[found];
    }

    // Agreement on the grid is agreement, where no function has a corner or jump between two of its points.
    private static bool IsAnalytic(Node node) => node.Is<IdentityOperator>() || node.As<IElementwiseFunction>() is { IsAnalytic: true };

    private static bool Agree(double[] a, double[] b)
    {
        var x = (double[])Grid.Data;
        for (int i = 0; i < x.Length; i++)
            if (!(Math.Abs(a[i] - b[i]) <= Tolerance * Math.Max(Math.Abs(x[i]), 1e-3)))
                return false;
        return true;
    }

    private static double[] Evaluate(Graph graph) => (double[])new GraphEvaluator(graph).Evaluate([Grid])[0].Data;

    private static Graph Of(Node function) => new()
    {
        Name = function.OpType,
        Inputs = ["x"],
        Outputs = ["y"],
        Nodes = [function with { Name = "f" }],
        Constants = ImmutableSortedDictionary.Create<string, Tensor>(StringComparer.Ordinal),
        Types = new Dictionary<string, TensorType> { ["x"] = Grid.Type, ["y"] = Grid.Type }.ToImmutableSortedDictionary(StringComparer.Ordinal),
    };

    private static Graph InDouble(Graph body) => body with
    {
        Types = body.Types.Keys.ToImmutableSortedDictionary(n => n, _ => Grid.Type, StringComparer.Ordinal),
        Constants = body.Constants.ToImmutableSortedDictionary(
            c => c.Key, c => Tensor.Scalar((double)c.Value.Values<float>()[0]), StringComparer.Ordinal),
    };
}
