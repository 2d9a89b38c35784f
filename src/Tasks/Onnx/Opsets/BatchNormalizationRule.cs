using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>BatchNormalization before opset 14 marks training by further outputs, before opset 7 by <c>is_test</c>.</summary>
[OpsetRule("BatchNormalization")]
internal sealed class BatchNormalizationRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        if (context.Opset >= 14)
            return context.Node.Int("training_mode", 0) == 0 ? [context.Node] : InTraining(context);
        if (context.Node.Int("spatial", 1) == 0 && context.Type(0).Rank > 2)
            throw context.Unsupported("BatchNormalization with one mean and variance for each channel (spatial=1)");
        // Files trained long ago list running statistics as outputs, although nothing reads them in inference.
        Node node = context.Node.Without("spatial").Without("is_test").Without("momentum");
        return [node with { Outputs = [.. node.Outputs.Take(1)] }];
    }

    // With the mean and variance of the batch, which go into the running ones with a weight of 1 − momentum (Ioffe and Szegedy 2015,
    // algorithm 1).
    private static List<Node> InTraining(OpsetContext context)
    {
        Node node = context.Node;
        TensorType x = context.Type(0);
        if (x.Rank < 2 || x.Element != ElementType.Float32)
            throw context.Unsupported("BatchNormalization in training of float32 tensors with channels");
        var nodes = new List<Node>();
        string axes = context.AddInts("axes", [.. Enumerable.Range(0, x.Rank).Where(d => d != 1).Select(d => (long)d)]);
        string mean = Mean(node.Inputs[0], "batch_mean");
        string centred = Add("Sub", "centred", node.Inputs[0], mean);
        string variance = Mean(Add("Mul", "squares", centred, centred), "batch_variance");
        string channels = context.AddInts("channels", x.Dimensions[1]);
        string meanVector = Add("Reshape", "mean", mean, channels), varianceVector = Add("Reshape", "variance", variance, channels);
        long[] shape = [x.Dimensions[1], .. Enumerable.Repeat(1L, x.Rank - 2)];
        string column = context.AddInts("column", shape);
        string deviation = Add("Sqrt", "deviation", Add("Add", "stable", variance, Real("epsilon", INormalisation.Epsilon(node))));
        string scaled = Add("Mul", "scaled", Add("Div", "normalised", centred, deviation),
            Add("Reshape", "scale", node.Inputs[1], column));
        nodes.Add(context.NewNode("Add", [scaled, Add("Reshape", "shift", node.Inputs[2], column)], node.Outputs[0]));
        float momentum = node.Float("momentum", 0.9f);
        Running(1, 3, meanVector);
        Running(2, 4, varianceVector);
        return nodes;

        string Mean(string of, string name)
        {
            string value = context.NewValue(name);
            nodes.Add(context.NewNode("ReduceMean", [of, axes], value));
            return value;
        }

        string Add(string opType, string name, params string[] inputs)
        {
            string value = context.NewValue(name);
            nodes.Add(context.NewNode(opType, inputs, value));
            return value;
        }

        string Real(string name, float value) => context.AddConstant(name, Tensor.Scalar(value));

        void Running(int output, int input, string batch)
        {
            if (!node.HasOutput(output))
                return;
            string old = Add("Mul", "old", node.Inputs[input], Real("momentum", momentum));
            nodes.Add(context.NewNode("Add", [old, Add("Mul", "new", batch, Real("rest", 1 - momentum))], node.Outputs[output]));
        }
    }
}
