using System.Runtime.CompilerServices;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Control;

/// <summary>
/// The bodies of control flow. In a model file they read values of the graphs around them by name; here they are closed: whatever they
/// read is an input of theirs, and the node hands it to them behind its own inputs. So no pass needs to know what a body captures.
/// </summary>
internal static class SubGraphs
{
    private static readonly ConditionalWeakTable<Graph, GraphEvaluator> Evaluators = [];

    /// <summary>A node's body.</summary>
    /// <exception cref="Diagnostics.ModelException">The node has no such attribute.</exception>
    public static Graph Body(OperatorContext context, string attribute) =>
        context.Node.SubGraph(attribute) ?? throw context.Invalid($"it has no {attribute}");

    /// <summary>The constants of a graph and of the bodies of its control flow, each once.</summary>
    public static IEnumerable<Tensor> Constants(Graph graph) => graph.Constants.Values
        .Concat(graph.Nodes.Where(n => OperatorRegistry.Find(n) is IControlFlow)
            .SelectMany(n => ((IControlFlow)OperatorRegistry.Of(n)).Bodies.Select(n.SubGraph).OfType<Graph>()).SelectMany(Constants))
        .Distinct(ReferenceEqualityComparer.Instance).Cast<Tensor>();

    /// <summary>An evaluator of a body, made once for each.</summary>
    public static GraphEvaluator Evaluator(Graph body) => Evaluators.GetValue(body, b => new GraphEvaluator(b));

    /// <summary>Steps of one evaluation of a body, at least one; see <see cref="Operator.Work"/>.</summary>
    public static long Work(Graph body) => body.Nodes.Sum(n =>
    {
        var context = OperatorContext.Of(body, n);
        return OperatorRegistry.Of(n).Work(context) + context.OutputTypes.Sum(t => (long)t.Count) + 1;
    }) + 1;

    /// <summary>Refuses a body whose inputs are not what the node hands to it.</summary>
    /// <param name="context">The node.</param>
    /// <param name="body">The body.</param>
    /// <param name="attribute">The body's name.</param>
    /// <param name="given">The types that the node hands over.</param>
    public static void CheckInputs(OperatorContext context, Graph body, string attribute, IReadOnlyList<TensorType> given)
    {
        if (body.Inputs.Length != given.Count)
            throw context.Invalid($"its {attribute} takes {body.Inputs.Length} values instead of {given.Count}");
        for (int i = 0; i < given.Count; i++)
            if (body.TypeOf(body.Inputs[i]) != given[i])
                throw context.Invalid($"its {attribute} takes {body.TypeOf(body.Inputs[i])} where it gets {given[i]}");
    }
}
