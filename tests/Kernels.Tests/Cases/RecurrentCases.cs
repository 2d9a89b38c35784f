using System.Runtime.InteropServices;
using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>LSTM, GRU and plain recurrent layers with float32 and with s8 weights.</summary>
internal static class RecurrentCases
{
    private static readonly (int Number, Func<float, float> Function)[] Functions =
    [
        (RecurrentActivation.Sigmoid, Float32Math.Sigmoid<float, Float32Lanes1>),
        (RecurrentActivation.Tanh, Float32Math.Tanh<float, Float32Lanes1>),
        (RecurrentActivation.Relu, x => x < 0 ? 0 : x),
        (RecurrentActivation.Affine, x => MathF.FusedMultiplyAdd(0.75f, x, -0.25f)),
        (RecurrentActivation.LeakyRelu, x => x < 0 ? 0.75f * x : x),
        (RecurrentActivation.ThresholdedRelu, x => x > 0.75f ? x : 0),
        (RecurrentActivation.ScaledTanh, x => 0.75f * Float32Math.Tanh<float, Float32Lanes1>(-0.25f * x)),
        (RecurrentActivation.HardSigmoid, x => Math.Clamp(MathF.FusedMultiplyAdd(0.75f, x, -0.25f), 0, 1)),
        (RecurrentActivation.Elu, x => x < 0 ? 0.75f * Float32Math.ExpMinusOne<float, Float32Lanes1>(x) : x),
        (RecurrentActivation.Softsign, x => x / (1 + Math.Abs(x))),
        (RecurrentActivation.Softplus, Float32Math.Softplus<float, Float32Lanes1>),
    ];

    /// <summary>All cases.</summary>
    public static IEnumerable<KernelCase> All()
    {
        int seed = 20_000;
        foreach (Form form in (Form[])[Form.Lstm, Form.Gru, Form.LinearGru, Form.Rnn])
        {
            foreach (Weights weights in Enum.GetValues<Weights>())
            {
                foreach (int size in (int[])[1, 3, 4, 8, 13, 16, 20, 33, 64])
                    yield return new Layer(form, weights, size, seed++) { Steps = 3 }.Case();
                yield return new Layer(form, weights, 6, seed++) { Steps = 4, Batch = 3, Directions = 2, Lengths = [4, 0, 2] }.Case();
                yield return new Layer(form, weights, 10, seed++)
                {
                    Steps = 4, Batch = 2, Directions = 2, Direction = 1, Lengths = [3, 9], Clip = 0.5f,
                }.Case();
                yield return new Layer(form, weights, 9, seed++) { Steps = 2, Clip = 0.3f, IsOdd = true }.Case();
                if (form == Form.Lstm)
                {
                    yield return new Layer(form, weights, 12, seed++) { Steps = 3, HasPeepholes = true, Clip = 1f }.Case();
                    yield return new Layer(form, weights, 7, seed++) { Steps = 3, IsCoupled = true }.Case();
                    yield return new Layer(form, weights, 17, seed++) { Steps = 3, IsCoupled = true, HasPeepholes = true }.Case();
                }
                for (int f = 0; f < Functions.Length; f++)
                    yield return new Layer(form, weights, 5, seed++) { Steps = 2, Function = f }.Case();
            }
        }
    }

    private enum Form
    {
        Lstm,
        Gru,
        LinearGru,
        Rnn,
    }

    private enum Weights
    {
        Packed,
        Matrix,
        Integer,
    }

    private sealed class Layer(Form form, Weights kind, int size, int seed)
    {
        private readonly CaseData _data = new(seed);

        public required int Steps { get; init; }

        public int Batch { get; init; } = 1;

        public int Directions { get; init; } = 1;

        public int Direction { get; init; }

        public int[]? Lengths { get; init; }

        public float Clip { get; init; } = float.PositiveInfinity;

        public bool HasPeepholes { get; init; }

        public bool IsCoupled { get; init; }

        // The first state is infinite, NaN, or nothing but zeros, which only rounded states stand.
        public bool IsOdd { get; init; }

        public int Function { get; init; } = -1;

        private int Gates => form == Form.Lstm ? 4 : form == Form.Rnn ? 1 : 3;

        private int Rows => Gates * size;

        public KernelCase Case()
        {
            float[] gates = Values(Steps * Batch * Directions * Rows, 1.5f);
            float[] initialHidden = Values(Directions * Batch * size, 1), initialCell = Values(Directions * Batch * size, 1);
            if (IsOdd)
                for (int i = 0; i < initialHidden.Length; i++)
                    initialHidden[i] = kind == Weights.Integer && form == Form.Lstm
                        ? (i % 3) switch { 0 => float.NaN, 1 => float.NegativeInfinity, _ => 1 } : 0;
            float[] biases = Values(Directions * size, 1), peepholes = Values(Directions * 3 * size, 1);
            int[] lengths = Lengths ?? [.. Enumerable.Repeat(Steps, Batch)];
            int gatesAt = Put(gates), hiddenAt = Put(initialHidden), cellAt = Put(initialCell);
            int lengthsAt = ~_data.AddWeights(lengths), factorsAt = ~_data.AddWeights(Bytes([0.75f, -0.25f, 0.75f, -0.25f, 0.75f, -0.25f]));
            int biasesAt = ~_data.AddWeights(Bytes(biases)), peepholesAt = Put(peepholes);
            int second = form == Form.Gru ? 2 * size : 0;
            (Action<int, float[], float[]> multiply, int weightsAt, int scalesAt, int last) = Product(second);
            int outputAt = _data.ReserveWide(Steps * Directions * Batch * size * 4);
            int lastHiddenAt = _data.ReserveWide(initialHidden.Length * 4), lastCellAt = _data.ReserveWide(initialHidden.Length * 4);
            int[] functions = Function < 0 ? [0, 1, 1] : [Function, (Function + 1) % Functions.Length, (Function + 2) % Functions.Length];
            int[] numbers = [.. functions.Select(f => Functions[f].Number)];
            int reverse = Direction;
            var oracle = new RecurrentOracle
            {
                Gate = (t, b, r) => gates[(((((t * Batch) + b) * Directions) + Direction) * Rows) + r],
                Multiply = multiply,
                Size = size,
                Functions = [.. functions.Select(f => Functions[f].Function)],
                Clip = Clip,
                Peepholes = HasPeepholes ? peepholes.AsSpan(Direction * 3 * size, 3 * size).ToArray() : null,
                Coupled = IsCoupled,
                Linear = form == Form.LinearGru ? biases.AsSpan(Direction * size, size).ToArray() : null,
            };
            bool isInteger = kind == Weights.Integer;
            (int linear, int peeps, int coupled) = (form == Form.LinearGru ? 1 : 0, HasPeepholes ? 1 : 0, IsCoupled ? 1 : 0);
            return new KernelCase
            {
                Kernel = (isInteger ? "Int8" : "Float32") + (form == Form.LinearGru ? "Gru" : form.ToString()) + ".Run",
                Name = $"{form} {kind} {Steps}×{Batch}×{size} direction {Direction} of {Directions} clip {Clip} function {Function}"
                    + $" peepholes {HasPeepholes} coupled {IsCoupled} odd {IsOdd}",
                Arena = _data.Arena,
                Weights = _data.Weights,
                Run = (form, isInteger) switch
                {
                    (Form.Lstm, false) => w => Float32Lstm.Run(w, gatesAt, weightsAt, peepholesAt, lengthsAt, factorsAt, hiddenAt, cellAt,
                        outputAt, lastHiddenAt, lastCellAt, Steps, Batch, size, Direction, Directions, reverse, last, peeps, coupled,
                        numbers[0], numbers[1], numbers[2], Clip),
                    (Form.Lstm, true) => w => Int8Lstm.Run(w, gatesAt, weightsAt, scalesAt, peepholesAt, lengthsAt, factorsAt, hiddenAt,
                        cellAt, outputAt, lastHiddenAt, lastCellAt, Steps, Batch, size, Direction, Directions, reverse, last, peeps,
                            coupled,
                        numbers[0], numbers[1], numbers[2], Clip),
                    (Form.Rnn, false) => w => Float32Rnn.Run(w, gatesAt, weightsAt, lengthsAt, factorsAt, hiddenAt, outputAt, lastHiddenAt,
                        Steps, Batch, size, Direction, Directions, reverse, last, numbers[0], Clip),
                    (Form.Rnn, true) => w => Int8Rnn.Run(w, gatesAt, weightsAt, scalesAt, lengthsAt, factorsAt, hiddenAt, outputAt,
                        lastHiddenAt, Steps, Batch, size, Direction, Directions, reverse, last, numbers[0], Clip),
                    (_, false) => w => Float32Gru.Run(w, gatesAt, weightsAt, biasesAt, lengthsAt, factorsAt, hiddenAt, outputAt,
                        lastHiddenAt, Steps, Batch, size, Direction, Directions, reverse, last, linear, numbers[0], numbers[1], Clip),
                    _ => w => Int8Gru.Run(w, gatesAt, weightsAt, scalesAt, biasesAt, lengthsAt, factorsAt, hiddenAt, outputAt,
                        lastHiddenAt, Steps, Batch, size, Direction, Directions, reverse, last, linear, numbers[0], numbers[1], Clip),
                },
                Oracle = arena =>
                {
                    for (int b = 0; b < Batch; b++)
                    {
                        int at = ((Direction * Batch) + b) * size;
                        float[] h = initialHidden.AsSpan(at, size).ToArray(), c = initialCell.AsSpan(at, size).ToArray();
                        int length = Math.Clamp(lengths[b], 0, Steps);
                        for (int i = 0; i < Steps; i++)
                        {
                            int t = Direction == 1 && i < length ? length - 1 - i : i;
                            if (i < length && form == Form.Lstm)
                                oracle.Lstm(t, b, h, c);
                            else if (i < length && form == Form.Rnn)
                                oracle.Rnn(t, b, h);
                            else if (i < length)
                                oracle.Gru(t, b, h);
                            Float32Oracle.Write(
                                arena, outputAt + (((((t * Directions) + Direction) * Batch) + b) * size * 4),
                                    i < length ? h : new float[size]);
                        }
                        Float32Oracle.Write(arena, lastHiddenAt + (at * 4), h);
                        if (form == Form.Lstm)
                            Float32Oracle.Write(arena, lastCellAt + (at * 4), c);
                    }
                },
            };
        }

        // The oracle's product, the offsets of weights and scales, and the step of the weights or the greatest level.
        private (Action<int, float[], float[]> Multiply, int Weights, int Scales, int Last) Product(int second)
        {
            int moved = second == 0 ? 0 : ((second + 15) & ~15) - second;
            if (kind == Weights.Integer)
            {
                sbyte[] levels = _data.SignedBytes(Rows * size, DataKind.Uniform);
                float[] scales = [.. Values(Rows, 0.01f).Select(Math.Abs)];
                var moves = new sbyte[(Rows + moved) * size];
                var movedScales = new float[Rows + moved];
                for (int r = 0; r < Rows; r++)
                {
                    int to = second > 0 && r >= second ? r + moved : r;
                    levels.AsSpan(r * size, size).CopyTo(moves.AsSpan(to * size));
                    movedScales[to] = scales[r];
                }
                byte[] packed = new byte[Int8Packing.PackedBytes(Rows + moved, 1, size)];
                Int8Packing.Pack(moves, Rows + moved, 1, size, packed);
                return (RecurrentOracle.Integer(levels, scales, size, 32767), _data.AddWeights(packed),
                    _data.AddWeights(Bytes(movedScales)), 32767);
            }
            float[] weights = Values(Rows * size, 0.5f);
            Action<int, float[], float[]> multiply = RecurrentOracle.Float(weights, size);
            if (kind == Weights.Matrix)
            {
                float[] columns = new float[weights.Length];
                for (int i = 0; i < weights.Length; i++)
                    columns[(i % size * Rows) + (i / size)] = weights[i];
                return (multiply, Put(columns), 0, Rows * 4);
            }
            float[] rows = Float32Oracle.Pack(1, Rows + moved, size, (_, o, k) =>
                second == 0 || o < second ? weights[(o * size) + k] : o < second + moved ? 0 : weights[((o - moved) * size) + k]);
            return (multiply, ~_data.AddWeights(Bytes(rows)), 0, 64);
        }

        private float[] Values(int count, float greatest) =>
            [.. Enumerable.Range(0, count).Select(_ => ((2 * _data.Random.NextSingle()) - 1) * greatest)];

        private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();

        private int Put(float[] values)
        {
            int at = _data.ReserveWide(values.Length * 4);
            for (int i = 0; i < values.Length; i++)
                _data.Put(at + (4 * i), BitConverter.SingleToInt32Bits(values[i]));
            return at;
        }
    }
}
