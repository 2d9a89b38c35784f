using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>
/// A fused chain of elementwise operators in float32: one kernel call where it is a function with a name; otherwise its body is expanded
/// again, each part being a kernel call of its own, and the memory planner lets most of them work in place.
/// </summary>
[Lowers(LoweringForm.Native, typeof(FusedElementwiseOperator))]
internal sealed class FusedElementwiseLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Graph body = FusedElementwiseOperator.BodyOf(node) ?? throw LoweringContext.NoKernel(node, "it has no body");
        if (context.Graph.TypeOf(node.Inputs[0]).Element == ElementType.Float32
            && FusedElementwiseOperator.NamedFunction(node) is { } function)
        {
            Storage input = context.Read(node, node.Inputs[0]);
            if (input.OrderInMemory() is { } order)
                UnaryFunctions.Emit(context, node, function, input.Permuted(order), context.CreateInOrder(node, node.Outputs[0], order));
            else
                UnaryFunctions.Emit(context, node, function, context.Dense(node, input), context.Create(node.Outputs[0]));
            return;
        }
        var values = new Dictionary<string, Storage>(StringComparer.Ordinal)
        {
            [body.Inputs[0]] = context.ReadFloat32(node, node.Inputs[0]),
        };
        string result = body.Outputs[0];
        foreach (Node part in body.Nodes)
        {
            Storage output = part.Outputs[0] == result
                ? context.Create(node.Outputs[0])
                : context.CreateScratch(node, ElementType.Float32, Dimensions(body, part, values));
            Emit(context, node, body, part, values, output);
            values[part.Outputs[0]] = output;
        }
    }

    // Not those of the body's types: a pass may have changed the layout since they were inferred.
    private static int[] Dimensions(Graph body, Node part, Dictionary<string, Storage> values)
    {
        int[] result = [];
        foreach (string name in part.Inputs.Where(i => i.Length > 0))
        {
            ReadOnlySpan<int> operand = body.Constant(name) is { } constant
                ? constant.Dimensions.AsSpan()
                : values[name].Dimensions.AsSpan();
            result = Shapes.Broadcast(result, operand)!;
        }
        return result;
    }

    private static void Emit(LoweringContext context, Node node, Graph body, Node part, Dictionary<string, Storage> values, Storage output)
    {
        switch (part.As<Operator>())
        {
            case ClipOperator:
                UnaryFunctions.Clip(
                    context, node, context.Dense(node, Value(part.Inputs[0])), output,
                    Bound(1, float.NegativeInfinity), Bound(2, float.PositiveInfinity));
                break;
            case IdentityOperator:
                context.Copy(node.Name, Value(part.Inputs[0]), output, "copy");
                break;
            case IFunctionOfTwoValues when BinaryLowering.PowerOf(part, body.Constant) is { } exponent
                && Value(part.Inputs[0]).Dimensions.AsSpan().SequenceEqual(output.Dimensions.AsSpan()):
                ConstantPowers.Emit(context, node, Value(part.Inputs[0]), exponent, output);
                break;
            case IFunctionOfTwoValues:
                BinaryLowering.Emit(context, node, part, [.. part.Inputs.Select(Value)], output, FusedBounds.Of(part));
                break;
            default:
                UnaryFunctions.Emit(context, node, part, context.Dense(node, Value(part.Inputs[0])), output);
                break;
        }

        Storage Value(string name) => body.Constant(name) is { } constant
            ? context.Constant(constant.Values<float>(), constant.Dimensions.AsSpan())
            : values[name];

        float Bound(int input, float otherwise) => part.HasInput(input) && body.Constant(part.Inputs[input]) is { } constant
            ? constant.Values<float>()[0]
            : otherwise;
    }
}
