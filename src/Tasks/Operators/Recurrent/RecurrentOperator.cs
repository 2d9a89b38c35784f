using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Recurrent;

/// <summary>
/// A recurrent layer behind the products with its inputs, which the importer makes a layer of its own: a loop over steps, each of which
/// multiplies weights with the state of the step before. X holds those products and all biases that are added to them, [steps, batch,
/// directions · gates · size]; R the weights of the state, [directions, gates · size, size]. Outputs are the states behind all steps
/// [steps,
/// directions, batch, size] and the last ones [directions, batch, size].
/// </summary>
[Input(0, "X", Elements.Float32)]
[Input(1, "R", Elements.Float32)]
[Input(2, "B", Elements.Float32, Optional = true)]
[Input(3, "sequence_lens", Elements.Int32, Optional = true)]
[Input(4, "initial_h", Elements.Float32, Optional = true)]
[Output(0, "Y")]
[Output(1, "Y_h")]
[Parameter("activation_alpha", ParameterKind.Floats, Required = true)]
[Parameter("activation_beta", ParameterKind.Floats, Required = true)]
[Parameter("activations", ParameterKind.Strings, Required = true)]
[Parameter("clip", ParameterKind.Float)]
[Parameter("direction", ParameterKind.String, Choices = ["forward", "reverse", "bidirectional"])]
internal abstract class RecurrentOperator : Operator, IPassesChannels, ITrainingForward
{
    /// <summary>The gates whose weights lie one after the other.</summary>
    public abstract int Gates { get; }

    /// <summary>The activations of a direction where a node of the standard names none.</summary>
    public abstract string[] DefaultActivations { get; }

    /// <summary>The tensors of a state: the hidden one and perhaps a second.</summary>
    public virtual int States => 1;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        (TensorType x, TensorType r) = (context.Type(0), context.Type(1));
        int directions = Directions(context.Node);
        if (x.Rank != 3 || r.Rank != 3 || r.Dimensions[0] != directions || r.Dimensions[2] == 0
            || r.Dimensions[1] != Gates * r.Dimensions[2] || x.Dimensions[2] != directions * r.Dimensions[1])
            throw context.Invalid($"its products are {x} and its weights {r} for {directions} directions");
        (int steps, int batch, int size) = (x.Dimensions[0], x.Dimensions[1], r.Dimensions[2]);
        Require(context, 2, directions, size);
        Require(context, 3, batch);
        for (int s = 0; s < States; s++)
            Require(context, 4 + s, directions, batch, size);
        if (States > 1)
            Require(context, 6, directions, 3 * size);
        if (context.Node.Texts("activations") is not { } names || names.Length != directions * DefaultActivations.Length
            || context.Node.Floats("activation_alpha")?.Length != names.Length
            || context.Node.Floats("activation_beta")?.Length != names.Length)
            throw context.Invalid($"it does not name {DefaultActivations.Length} activations for each direction");
        var state = TensorType.Float32(directions, batch, size);
        TensorType[] types = [TensorType.Float32(steps, directions, batch, size), state, state];
        return [.. types.Take(Math.Max(context.Node.Outputs.Length, 1))];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs) => Evaluate(context, inputs,
        context.InputConstants[1] is { } constant
            ? context.Prepared(() => new FloatStateWeights(constant))
            : new FloatStateWeights(inputs[1]!));

    /// <summary>Computes the node's outputs.</summary>
    /// <param name="context">The node.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="weights">The weights of the state.</param>
    public Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs, IStateWeights weights)
    {
        Tensor x = inputs[0]!;
        (int steps, int batch) = (x.Dimensions[0], x.Dimensions[1]);
        int directions = Directions(context.Node), size = context.Type(1).Dimensions[2], gates = Gates * size;
        float[] values = x.Values<float>();
        var outputs = new float[steps * directions * batch * size];
        float[][] states = [.. Enumerable.Range(0, States).Select(s =>
            Input(4 + s) is { } initial ? (float[])initial.Clone() : new float[directions * batch * size])];
        int[]? lengths = inputs.ElementAtOrDefault(3)?.Values<int>();
        for (int d = 0; d < directions; d++)
        {
            var direction = new RecurrentDirection(context.Node, d, size, weights, DefaultActivations.Length)
            {
                Bias = Part(2, d, size),
                Peepholes = States > 1 ? Part(6, d, 3 * size) : null,
            };
            for (int b = 0; b < batch; b++)
            {
                int at = ((d * batch) + b) * size;
                Span<float> h = states[0].AsSpan(at, size), c = States > 1 ? states[1].AsSpan(at, size) : default;
                int length = lengths is null ? steps : Math.Clamp(lengths[b], 0, steps);
                for (int i = 0; i < length; i++)
                {
                    EvaluationScope.ThrowIfCancelled();
                    int t = IsReverse(context.Node, d) ? length - 1 - i : i;
                    Step(direction, values.AsSpan(((((t * batch) + b) * directions) + d) * gates, gates), h, c);
                    h.CopyTo(outputs.AsSpan(((((t * directions) + d) * batch) + b) * size));
                }
            }
        }
        float[][] results = [outputs, .. states];
        return [.. context.OutputTypes.Select((type, o) => new Tensor(type, results[o]))];

        float[]? Input(int input) => inputs.ElementAtOrDefault(input)?.Values<float>();

        float[]? Part(int input, int direction, int count) => Input(input)?.AsSpan(direction * count, count).ToArray();
    }

    /// <summary>One step.</summary>
    /// <param name="direction">The direction.</param>
    /// <param name="input">The products with the step's inputs.</param>
    /// <param name="hidden">The hidden state, which the step replaces.</param>
    /// <param name="cell">The second state, which the step replaces; empty where there is none.</param>
    protected abstract void Step(RecurrentDirection direction, ReadOnlySpan<float> input, Span<float> hidden, Span<float> cell);

    /// <summary>One step of all sequences in training, which keeps what the way back needs.</summary>
    /// <param name="unroll">The direction.</param>
    /// <param name="step">The step, whose sums hold the products with its inputs.</param>
    /// <typeparam name="T">float or double.</typeparam>
    protected internal abstract void StepForward<T>(RecurrentUnroll<T> unroll, int step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>
    /// The way back through a step (back-propagation through time: P. Werbos 1990): from the gradients of the states behind it to those of
    /// the states before it, of its sums and of the parameters.
    /// </summary>
    /// <param name="unroll">The direction.</param>
    /// <param name="step">The step.</param>
    /// <typeparam name="T">float or double.</typeparam>
    protected internal abstract void StepBackward<T>(RecurrentUnroll<T> unroll, int step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <inheritdoc/>
    public void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        step.Keep(() => new RecurrentTraining<T>(this, context)).Forward(step);

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        step.Keep(() => new RecurrentTraining<T>(this, context)).Backward(step);

    /// <inheritdoc/>
    /// <remarks>A hidden unit is a place of the state, one row of each gate in both directions, and a column of the state's weights.
    /// </remarks>
    public ChannelLinks Links(OperatorContext context, ChannelPort port)
    {
        int directions = Directions(context.Node), size = context.Type(1).Dimensions[2];
        // Each axis along which units lie, as often as there are gates and directions one after the other.
        List<(ChannelPort Port, int Count)> units =
        [
            (ChannelPort.Input(0, 2), directions * Gates * size), (ChannelPort.Input(1, 1), Gates * size), (ChannelPort.Input(1, 2), size),
            (ChannelPort.Output(0, 3), size), (ChannelPort.Output(1, 2), size),
        ];
        if (States > 1)
            units.Add((ChannelPort.Output(2, 2), size));
        if (context.Has(2))
            units.Add((ChannelPort.Input(2, 1), size));
        for (int s = 0; s < States; s++)
            if (context.Has(4 + s))
                units.Add((ChannelPort.Input(4 + s, 2), size));
        if (States > 1 && context.Has(6))
            units.Add((ChannelPort.Input(6, 1), 3 * size));
        units.RemoveAll(u => u.Port.IsOutput && !context.Node.HasOutput(u.Port.Index) && u.Port.Index > 0);
        int own = units.FindIndex(u => u.Port == port);
        if (own < 0)
            return ChannelLinks.Fixed("goes through steps, sequences or directions along that axis");
        // Through one of them, so that pairs do not multiply.
        ChannelPort state = ChannelPort.Input(1, 2);
        return ChannelLinks.Of(port == state
            ? units.Where(u => u.Port != state).Select(u => ChannelLink.ByOther(u.Port, u.Count, i => i % size))
            : [ChannelLink.ByOwn(state, units[own].Count, i => i % size)]);
    }

    /// <inheritdoc/>
    public ChannelPort? Source(OperatorContext context) => context.Constant(1) is null ? null : ChannelPort.Input(1, 2);

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.InputConstants[1] is null ? Operators.IntegerForm.None : Operators.IntegerForm.Recurrent;

    /// <inheritdoc/>
    public override long MultiplyAccumulates(OperatorContext context)
    {
        (TensorType x, TensorType r) = (context.Type(0), context.Type(1));
        return x.Dimensions[0] * (long)x.Dimensions[1] * r.Count;
    }

    /// <summary>The inputs with something for each sequence of a batch beside the products: lengths [batch] and first states
    /// [directions, batch, size].</summary>
    public IEnumerable<int> InputsOfSequences => Enumerable.Range(3, 1 + States);

    /// <summary>The number of directions.</summary>
    public static int Directions(Node node) => node.Text("direction", "forward") == "bidirectional" ? 2 : 1;

    /// <summary>Whether a direction reads sequences from their ends.</summary>
    public static bool IsReverse(Node node, int direction) => direction == 1 || node.Text("direction", "forward") == "reverse";

    /// <summary>The bound of what goes into activations; infinite where there is none.</summary>
    public static float Clip(Node node) => node.Float("clip", float.PositiveInfinity);

    /// <summary>
    /// Whether hidden states lie within −1 and 1 if the first ones do: activations of every direction are bounded so.
    /// </summary>
    public bool IsBounded(Node node) => Enumerable.Range(0, Directions(node)).All(d =>
        RecurrentFunction.Of(node, d, DefaultActivations.Length).Where((_, i) => DecidesHiddenState(i)).All(f => f.IsWithinOne));

    /// <summary>Whether the bound of a hidden state depends on an activation, by its place among those of a direction.</summary>
    protected virtual bool DecidesHiddenState(int activation) => true;

    /// <summary>Whether a node reads a value as its first states and nothing else.</summary>
    public static bool ReadsAsState(Node node, string value) =>
        Enumerable.Range(0, node.Inputs.Length).All(i => node.Inputs[i] != value || i is 4 or 5);

    private static void Require(OperatorContext context, int input, params int[] shape)
    {
        if (context.Has(input) && !context.Type(input).Dimensions.SequenceEqual(shape))
            throw context.Invalid($"its input {input} is {context.Type(input)} instead of [{string.Join(',', shape)}]");
    }
}
