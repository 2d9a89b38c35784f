using OptimizerBuild.Compression.Recovery;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Students;

/// <summary>What is trained of a student: weights and biases of layers, scales and shifts of normalisations.</summary>
internal static class StudentParameters
{
    /// <summary>The parameters of a student.</summary>
    /// <param name="graph">The student's graph of one sample.</param>
    /// <param name="random">Where random weights come from; null where training begins with those that are there.</param>
    /// <param name="parameters">Receives what is trained.</param>
    /// <returns>The graph whose constants the parameters change.</returns>
    public static Graph Of(Graph graph, RandomSource? random, out IReadOnlyList<TrainedParameter> parameters)
    {
        var constants = graph.Constants.ToBuilder();
        var found = new List<TrainedParameter>();
        foreach (Node node in graph.Nodes)
            foreach (int i in TrainableInputs.Of(graph, node))
            {
                string name = node.Inputs[i];
                if (found.Any(p => p.Name == name))
                    continue;
                Tensor constant = graph.Constants[name];
                float[] weights = random is not null && TrainableInputs.IsLayer(node) ? Drawn(node, constant, random)
                    : (float[])constant.Values<float>().Clone();
                constants[name] = new(constant.Type, weights);
                found.Add(new(name, weights, (float[])weights.Clone(), new FreeWeights(weights, keepsZeros: false), decays: false));
            }
        parameters = found;
        return graph with { Constants = constants.ToImmutable() };
    }

    // Evenly distributed with a variance that keeps that of values from layer to layer behind rectifiers (K. He et al. 2015, arXiv
    // 1502.01852, section 2.2), of recurrent layers with the usual one of their state; biases are zero.
    private static float[] Drawn(Node node, Tensor constant, RandomSource random)
    {
        var weights = new float[constant.Count];
        if (constant.Rank < 2 || (node.Is<RecurrentOperator>() && constant.Rank < 3))
            return weights;
        double bound = node.Is<RecurrentOperator>() ? 1 / Math.Sqrt(Math.Max(constant.Dimensions[^1], 1))
            : Math.Sqrt(6.0 / Math.Max(FanIn(node, constant), 1));
        for (int i = 0; i < weights.Length; i++)
            weights[i] = (float)(((2 * random.NextUnit()) - 1) * bound);
        return weights;
    }

    // The weights of one output.
    private static int FanIn(Node node, Tensor weights) =>
        node.As<IMatrixProduct>() is { } product ? weights.Dimensions[product.TransposesSecond(node) ? weights.Rank - 1 : weights.Rank - 2]
            : weights.Count / Math.Max(weights.Dimensions[0], 1);
}
