using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>MaxUnpool: maxima back at the places that a MaxPool says they come from, zeros elsewhere.</summary>
[RewrittenOperator("MaxUnpool")]
[Input(0, "X", Elements.Floats)]
[Input(1, "I", Elements.Int64)]
[Input(2, "output_shape", Elements.Int64, Optional = true, Fixed = true)]
[Output(0, "output")]
[Parameter("kernel_shape", ParameterKind.Ints, Required = true, Minimum = 1)]
[Parameter("pads", ParameterKind.Ints, Minimum = 0)]
[Parameter("strides", ParameterKind.Ints, Minimum = 1)]
internal sealed class MaxUnpoolExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        long[] kernel = context.Node.Ints("kernel_shape")!;
        int axes = kernel.Length;
        long[] strides = context.Node.Ints("strides") ?? [.. Enumerable.Repeat(1L, axes)];
        long[] pads = context.Node.Ints("pads") ?? new long[2 * axes];
        if (x.Rank != axes + 2 || strides.Length != axes || pads.Length != 2 * axes
            || !x.Dimensions.SequenceEqual(context.Type(1).Dimensions))
            throw context.Invalid($"its input is {x}, its indices are {context.Type(1)} and its window has {axes} dimensions");
        long[] shape = [x.Dimensions[0], x.Dimensions[1],
            .. kernel.Select((k, i) => ((x.Dimensions[2 + i] - 1) * strides[i]) + k - pads[i] - pads[axes + i])];
        int count = context.Elements(shape);
        string zeros = context.Add(Tensor.Zeros(TensorType.Of(x.Element, count, 1)));
        string scattered = context.Add(NodeOperators.New<ScatterRowsOperator>(
            "", [zeros, context.Reshape(context[1], x.Count), context.Reshape(context[0], x.Count, 1)], []));
        string result = context.Reshape(scattered, shape);
        if (context.Has(2))
        {
            // Indices count in the shape that the window gives; a larger one that is asked for has zeros behind.
            long[] asked = context.Integers(2);
            if (asked.Length != shape.Length || asked.Zip(shape, (a, s) => a < s).Any(less => less))
                throw context.Invalid($"its output_shape is [{string.Join(',', asked)}] for windows of [{string.Join(',', shape)}]");
            if (!asked.SequenceEqual(shape))
                result = context.Add("Pad", result, context.Ints([.. shape.Select(_ => 0L), .. asked.Zip(shape, (a, s) => a - s)]));
        }
        context.Return(0, result);
    }
}
