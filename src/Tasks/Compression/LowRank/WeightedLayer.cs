using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Compression.LowRank;

/// <summary>
/// A layer of one group with its weights W and the mean products S of what it reads (about the mean): the loss of an approximation W' is
/// tr((W − W')·S·(W − W')ᵀ), so that what inputs never show costs nothing.
/// </summary>
internal sealed class WeightedLayer
{
    // Ranks are multiples of eight, or of four, as kernels compute outputs in panels of eight.
    private const int Panel = 8, HalfPanel = 4;

    private readonly double[] _mean;
    private double[]? _image;

    /// <summary>A layer of one group.</summary>
    /// <param name="graph">The layer's graph.</param>
    /// <param name="matrix">The layer.</param>
    /// <param name="moments">What it reads on the samples; null where nothing is known, so that all inputs count alike.</param>
    /// <param name="cancellation">Stops the work.</param>
    public WeightedLayer(Graph graph, LayerMatrix matrix, LayerMoments? moments, CancellationToken cancellation)
    {
        (Graph, Matrix, Cancellation) = (graph, matrix, cancellation);
        Weights = Array.ConvertAll(matrix.Weights(0), w => (double)w);
        int n = matrix.Columns;
        _mean = moments?.Mean ?? new double[n];
        Second = moments?.Second(matrix.TakesBias) ?? new double[n * n];
        for (int i = 0; moments is null && i < n; i++)
            Second[(i * n) + i] = 1;
        Power = Dot(Image, Weights);
        if (matrix.Node.Is<IConvolution>())
            Window = WindowGeometry.OfConvolution(OperatorContext.Of(graph, matrix.Node));
    }

    /// <summary>The layer's graph.</summary>
    public Graph Graph { get; }

    /// <summary>The layer.</summary>
    public LayerMatrix Matrix { get; }

    /// <summary>The outputs.</summary>
    public int Outputs => Matrix.Outputs;

    /// <summary>The inputs of an output: channels times taps.</summary>
    public int Columns => Matrix.Columns;

    /// <summary>The weights, [outputs, columns].</summary>
    public double[] Weights { get; }

    /// <summary>The mean products of each two columns, [columns, columns].</summary>
    public double[] Second { get; }

    /// <summary>W·S, [outputs, columns].</summary>
    public double[] Image => _image ??= ImageOf(Weights);

    /// <summary>The power of the results.</summary>
    public double Power { get; }

    /// <summary>The window of a convolution; null for a matrix product.</summary>
    public WindowGeometry? Window { get; }

    /// <summary>Stops the work.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>The share of the power that an approximation loses.</summary>
    /// <param name="difference">The weights less their approximation.</param>
    public double LossOf(double[] difference) => Power > 0 ? Math.Max(Dot(ImageOf(difference), difference) / Power, 0) : 0;

    /// <summary>The greatest rank that kernels compute without waste among those up to a number.</summary>
    public static int Panels(int rank) => rank >= Panel ? rank / Panel * Panel : rank >= HalfPanel ? HalfPanel : rank;

    /// <summary>Puts a chain of layers in the place of the one.</summary>
    /// <remarks>The last one keeps the name: it gives what the layer gave. What the weights have lost on the mean of the inputs goes into
    /// its bias.</remarks>
    /// <param name="editor">The graph.</param>
    /// <param name="chain">The layers with their weights; all but the last without activation.</param>
    /// <param name="difference">The layer's weights less what the chain comes to.</param>
    public void Insert(GraphEditor editor, (Node Node, Tensor Weights)[] chain, double[] difference)
    {
        Node node = editor.Find(Matrix.Node.Name)!;
        TensorType type = editor.TypeOf(node.Outputs[0]);
        string from = node.Input(0);
        var nodes = new Node[chain.Length];
        for (int i = 0; i < chain.Length; i++)
        {
            string weights = editor.AddConstant(node.Input(1), chain[i].Weights);
            nodes[i] = chain[i].Node with { Inputs = [from, weights] };
            if (i + 1 == chain.Length)
                break;
            from = editor.AddValue(node.Name + ".rank", type);
            nodes[i] = nodes[i] with { Name = editor.UniqueName(node.Name + ".rank"), CopyOf = node.Name, Outputs = [from] };
        }
        if (Matrix.TakesBias)
        {
            var bias = new float[Outputs];
            for (int o = 0; o < bias.Length; o++)
            {
                double sum = Matrix.Bias?[o] ?? 0;
                for (int k = 0; k < Columns; k++)
                    sum += difference[(o * Columns) + k] * _mean[k];
                bias[o] = (float)sum;
            }
            nodes[^1] = nodes[^1] with
            {
                Inputs = nodes[^1].Inputs.Add(editor.AddConstant(
                    node.HasInput(2) ? node.Input(2) : node.Name + ".bias", Tensor.Of(bias, bias.Length))),
            };
            if (node.Is<MatMulOperator>())
                nodes[^1] = nodes[^1].Becoming<GemmOperator>();
        }
        editor.Replace(node, nodes);
    }

    /// <summary>The layer's node in a graph under way.</summary>
    public Node In(GraphEditor editor) => editor.Find(Matrix.Node.Name)!;

    /// <summary>A convolution's node with a window of one tap at each place.</summary>
    public Node Point(Node node)
    {
        int axes = Matrix.WeightType.Rank - 2;
        long[] ones = [.. Enumerable.Repeat(1L, axes)], zeros = new long[2 * axes];
        return WindowAttributes.WithWindow(node, ones, zeros, ones, ones);
    }

    private double[] ImageOf(double[] weights)
    {
        int n = Columns;
        var image = new double[weights.Length];
        Parallel.For(0, Outputs, o =>
        {
            Span<double> row = image.AsSpan(o * n, n);
            for (int k = 0; k < n; k++)
            {
                double w = weights[(o * n) + k];
                for (int j = 0; w != 0 && j < n; j++)
                    row[j] += w * Second[(k * n) + j];
            }
        });
        return image;
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }
}
