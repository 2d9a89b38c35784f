using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>
/// A chain of elementwise operators with one input that is not constant (internal operator FusedElementwise). The attribute
/// <c>body</c> holds the chain as a graph with one input named <c>x</c> and one output; its constants broadcast to the input.
/// </summary>
[Operator("FusedElementwise", Domain = Node.InternalDomain)]
[Input(0, "X", Elements.Numbers)]
[Output(0, "Y")]
internal sealed class FusedElementwiseOperator : Operator, IFunctionOfOneValue, IDifferentiable
{
    private const string Body = "body";

    // The function with a name that the chain is, where a pass has recognised one: a graph of one node.
    private const string Function = "function";

    /// <summary>The name of the chain's input.</summary>
    public const string Input = "x";

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        Graph body = BodyFor(context, context.Type(0));
        return [body.TypeOf(body.Outputs[0])];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Tensor x = inputs[0]!;
        Graph body = Attribute(context);
        if (body.TypeOf(Input) != x.Type)
            return new GraphEvaluator(BodyFor(context, x.Type)).Evaluate([x]);
        return context.Prepared(() => new GraphEvaluator(body)).Evaluate([x]);
    }

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context)
    {
        // A table knows no places: every constant must be the same for all elements.
        Graph body = Attribute(context);
        return context.Type(0).Element == ElementType.Float32 && body.TypeOf(body.Outputs[0]).Element == ElementType.Float32
            && body.Constants.Values.All(c => c.Count == 1)
            ? Operators.IntegerForm.Table
            : Operators.IntegerForm.None;
    }

    /// <inheritdoc/>
    public double Compute(OperatorContext context, double x) => ElementwiseChain.Evaluate(Attribute(context), x).Value;

    /// <inheritdoc/>
    public double Derivative(OperatorContext context, double x) => ElementwiseChain.Evaluate(Attribute(context), x).Derivative;

    /// <summary>The chain of a node; null where the node is none of this operator.</summary>
    public static Graph? BodyOf(Node node) => Of(node, Body);

    /// <summary>The node with another chain, of which no name is known.</summary>
    public static Node WithBody(Node node, Graph body) => node.Without(Function).With(Body, new AttributeValue.GraphValue(body));

    /// <summary>The operator that computes what a node's chain spells out, with its attributes; null where none is known.</summary>
    public static Node? NamedFunction(Node node) => Of(node, Function)?.Nodes[0];

    /// <summary>The node with the name of its chain's function.</summary>
    /// <param name="node">The node.</param>
    /// <param name="function">A graph of one node.</param>
    public static Node WithFunction(Node node, Graph function) => node.With(Function, new AttributeValue.GraphValue(function));

    /// <inheritdoc/>
    string IPassesChannels.MergeObstacle(OperatorContext context, ChannelPort port)
    {
        foreach (Tensor constant in Attribute(context).Constants.Values)
        {
            int axis = port.Axis - context.Type(0).Rank + constant.Rank;
            if (axis < 0 || constant.Dimensions[axis] == 1)
                continue;
            Tensor first = TensorMove.Take(constant, axis, [0]);
            for (int place = 1; place < constant.Dimensions[axis]; place++)
                if (!TensorMove.Take(constant, axis, [place]).SameAs(first))
                    return "does not treat all places of that axis alike";
        }
        return "";
    }

    /// <inheritdoc/>
    Node IPassesChannels.Narrow(OperatorContext context, NarrowedNode narrowed)
    {
        Graph body = Attribute(context);
        TensorType x = context.Type(0);
        var constants = body.Constants.ToBuilder();
        foreach ((string name, Tensor value) in body.Constants)
        {
            Tensor left = value;
            for (int axis = 0; axis < value.Rank; axis++)
                if (value.Dimensions[axis] > 1)
                    left = TensorMove.Take(left, axis, narrowed.Kept(ChannelPort.Input(0, axis - value.Rank + x.Rank)));
            constants[name] = left;
        }
        var type = new TensorType(body.TypeOf(Input).Element,
            [.. Enumerable.Range(0, x.Rank).Select(axis => narrowed.Kept(ChannelPort.Input(0, axis)).Length)]);
        Graph narrowedBody = ShapeInference.Infer(body with { Types = body.Types.SetItem(Input, type),
            Constants = constants.ToImmutable() });
        return context.Node.With(Body, new AttributeValue.GraphValue(narrowedBody));
    }

    private static Graph? Of(Node node, string attribute) =>
        node.Is<FusedElementwiseOperator>() ? (node.Attributes.GetValueOrDefault(attribute) as AttributeValue.GraphValue)?.Value : null;

    private static Graph Attribute(OperatorContext context)
    {
        Graph body = BodyOf(context.Node) ?? throw context.Invalid("it has no body");
        return body.Inputs is [Input] && body.Outputs.Length == 1
            ? body
            : throw context.Invalid("its body must have one input 'x' and one output");
    }

    // The chain for an input of another type than the one it was made with: with other dimensions (a pass has changed the
    // layout), or in double precision, which quantised tables are computed in.
    private static Graph BodyFor(OperatorContext context, TensorType type)
    {
        Graph body = Attribute(context);
        if (body.TypeOf(Input) == type)
            return body;
        ElementType from = body.TypeOf(Input).Element;
        return ShapeInference.Infer(body with
        {
            Types = body.Types.SetItem(Input, type),
            Constants = from == type.Element
                ? body.Constants
                : body.Constants.ToImmutableSortedDictionary(
                    c => c.Key, c => c.Value.Element == from ? NumericCast.Convert(c.Value, type.Element)! : c.Value,
                        StringComparer.Ordinal),
        });
    }

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (step.Gradient(0) is not { } dx)
            return;
        Graph body = BodyFor(context, context.Type(0).As(ElementType.Float32));
        GradientTape<T> tape = step.Keep(() => new GradientTape<T>(body, [Input]));
        tape.Forward([step.Inputs[0]!]);
        tape.Backward(new Dictionary<string, T[]> { [body.Outputs[0]] = step.OutputGradient });
        GradientSums.Add(tape.Gradient(Input), dx);
    }
}
