using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Passes;

/// <summary>
/// Gives a FusedElementwise node the operator that computes what its chain spells out. Exporters write GELU and its like in many ways,
/// which have nothing in common but their values; so the values decide: a chain of analytic operators that agrees with a function to
/// float32's precision on a dense grid is that function. In float32 the chain is then one kernel instead of one for each of its parts. The
/// chain itself stays: tables and exports follow it to the last bit.
/// </summary>
internal sealed class FunctionRecognition : LocalRewrite
{
    // Of x, or of its thousandth: chains have their constants rounded to float32.
    private const double Tolerance = 1e-6;

    private static readonly Tensor Grid = new(TensorType.Of(ElementType.Float64, 1543), (double[])
    [
        .. Enumerable.Range(-768, 1537).Select(i => i / 64.0),
        -1000, -40, -20.1, 20.3, 50, 3000,
    ]);

    private static readonly Lazy<(Graph Function, double[] Values)[]> Candidates = new(() =>
    [
        .. OperatorRegistry.All.Select(o => OperatorRegistry.Of(new Node("", o.OpType, [], []) { Domain = o.Domain }))
            .OfType<ElementwiseFunction>().SelectMany(f => f.WrittenOut).Select(Of).Select(graph => (graph, Evaluate(graph))),
    ]);

    // What was found of a chain, which passes hand on as it is: each is evaluated once, however often the passes run.
    private static readonly ConditionalWeakTable<Graph, StrongBox<Graph?>> Known = [];

    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (FusedElementwiseOperator.BodyOf(node) is not { } chain || FusedElementwiseOperator.NamedFunction(node) is not null
            || Known.GetValue(chain, c => new StrongBox<Graph?>(Find(c))).Value is not { } function)
            return false;
        editor.Replace(node, FusedElementwiseOperator.WithFunction(node, function));
        return true;
    }

    private static Graph? Find(Graph chain)
    {
        if (chain.Nodes.Length < 2 || !chain.Nodes.All(n => IsAnalytic(n) && n.Attributes.Count == 0)
            || chain.TypeOf(FusedElementwiseOperator.Input).Element != ElementType.Float32
            || !chain.Constants.Values.All(c => c is { Element: ElementType.Float32, Count: 1 }))
            return null;
        double[] values = Evaluate(InDouble(chain));
        return Candidates.Value.FirstOrDefault(c => Agree(values, c.Values)).Function;
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
        Types = ImmutableSortedDictionary.Create<string, TensorType>(StringComparer.Ordinal).Add("x", Grid.Type).Add("y", Grid.Type),
    };

    private static Graph InDouble(Graph chain) => chain with
    {
        Types = chain.Types.Keys.ToImmutableSortedDictionary(n => n, _ => Grid.Type, StringComparer.Ordinal),
        Constants = chain.Constants.ToImmutableSortedDictionary(
            c => c.Key, c => Tensor.Scalar((double)c.Value.Values<float>()[0]), StringComparer.Ordinal),
    };
}
