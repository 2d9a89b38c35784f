using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Movement;

/// <summary>
/// The same elements under other dimensions: 0 keeps a dimension (unless <c>allowzero</c>), −1 is worked out (ONNX operator Reshape).
/// </summary>
[Operator("Reshape")]
[Input(0, "data", Elements.All)]
[Input(1, "shape", Elements.Int64, Fixed = true, From = 5)]
[Output(0, "reshaped")]
[Parameter("allowzero", ParameterKind.Int, From = 14)]
[Parameter("shape", ParameterKind.Ints, Required = true, Until = 4)]
internal sealed class ReshapeOperator : ReshapingOperator
{
    /// <inheritdoc/>
    public override Node Narrow(OperatorContext context, NarrowedNode narrowed)
    {
        narrowed.Constants[1] = narrowed.Shape(context.Constant(1)!);
        return context.Node;
    }

    /// <inheritdoc/>
    protected override int[] Dimensions(OperatorContext context)
    {
        TensorType x = context.Type(0);
        long[] shape = context.RequiredInts(1);
        bool allowZero = context.Node.Int("allowzero", 0) != 0;
        var dimensions = new int[shape.Length];
        int open = -1;
        long known = 1;
        for (int i = 0; i < shape.Length; i++)
        {
            if (shape[i] == -1 && open < 0)
            {
                open = i;
                continue;
            }
            long d = shape[i] == 0 && !allowZero ? (i < x.Rank ? x.Dimensions[i] : -1) : shape[i];
            if (d is < 0 or > int.MaxValue)
                throw context.Invalid($"the shape [{string.Join(',', shape)}] does not fit {x}");
            dimensions[i] = (int)d;
            known = checked(known * d);
        }
        if (open >= 0)
        {
            if (known == 0 || x.Count % known != 0)
                throw context.Invalid($"the shape [{string.Join(',', shape)}] does not fit {x}");
            dimensions[open] = (int)(x.Count / known);
        }
        return dimensions;
    }
}
