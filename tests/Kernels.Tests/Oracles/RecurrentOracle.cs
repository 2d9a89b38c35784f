namespace OptimizerBuild.Kernels.Tests.Oracles;

/// <summary>Recurrent layers as docs/arithmetic.md has them, as plain code for one direction.</summary>
internal sealed class RecurrentOracle
{
    /// <summary>The products with the inputs: of a step, a sequence and a row.</summary>
    public required Func<int, int, int, float> Gate { get; init; }

    /// <summary>Adds to sums the products of the rows from a first one on with a state.</summary>
    public required Action<int, float[], float[]> Multiply { get; init; }

    /// <summary>The elements of a state.</summary>
    public required int Size { get; init; }

    /// <summary>The activations.</summary>
    public required Func<float, float>[] Functions { get; init; }

    /// <summary>The bound of what goes into them.</summary>
    public float Clip { get; init; } = float.PositiveInfinity;

    /// <summary>Weights of the cell's state for input, output and forget gate; null where there are none.</summary>
    public float[]? Peepholes { get; init; }

    /// <summary>Whether the forget gate is one minus the input gate.</summary>
    public bool Coupled { get; init; }

    /// <summary>Biases of the candidate's product with the state where the reset gate meets that; else null.</summary>
    public float[]? Linear { get; init; }

    /// <summary>One step of an LSTM.</summary>
    public void Lstm(int step, int sequence, float[] h, float[] c)
    {
        float[] sums = Sums(step, sequence, 0, 4, 0, h);
        for (int j = 0; j < Size; j++)
        {
            (float i, float o, float f, float g) = (sums[j], sums[Size + j], sums[(2 * Size) + j], sums[(3 * Size) + j]);
            if (Peepholes is not null)
            {
                i = MathF.FusedMultiplyAdd(Peepholes[j], c[j], i);
                f = MathF.FusedMultiplyAdd(Peepholes[(2 * Size) + j], c[j], f);
            }
            i = Activated(0, i);
            f = Coupled ? 1 - i : Activated(0, f);
            float kept = i * Activated(1, g);
            c[j] = MathF.FusedMultiplyAdd(f, c[j], kept);
            if (Peepholes is not null)
                o = MathF.FusedMultiplyAdd(Peepholes[Size + j], c[j], o);
            h[j] = Activated(0, o) * Functions[2](c[j]);
        }
    }

    /// <summary>One step of a GRU.</summary>
    public void Gru(int step, int sequence, float[] h)
    {
        float[] gates = [.. Sums(step, sequence, 0, 2, 0, h).Select(x => Activated(0, x))];
        float[] candidates;
        if (Linear is not null)
        {
            float[] part = (float[])Linear.Clone();
            Multiply(2 * Size, h, part);
            candidates = [.. part.Select((p, j) => MathF.FusedMultiplyAdd(gates[Size + j], p, Gate(step, sequence, (2 * Size) + j)))];
        }
        else
        {
            candidates = Sums(step, sequence, 2, 1, 2 * Size, [.. h.Select((x, j) => gates[Size + j] * x)]);
        }
        for (int j = 0; j < Size; j++)
        {
            float candidate = Activated(1, candidates[j]);
            h[j] = MathF.FusedMultiplyAdd(gates[j], h[j] - candidate, candidate);
        }
    }

    /// <summary>One step of a plain recurrent layer.</summary>
    public void Rnn(int step, int sequence, float[] h)
    {
        float[] sums = Sums(step, sequence, 0, 1, 0, h);
        for (int j = 0; j < Size; j++)
            h[j] = Activated(0, sums[j]);
    }

    /// <summary>Float32 weights: one accumulator, the state's elements in order.</summary>
    public static Action<int, float[], float[]> Float(float[] weights, int size) => (first, state, sums) =>
    {
        for (int r = 0; r < sums.Length; r++)
            for (int k = 0; k < size; k++)
                sums[r] = MathF.FusedMultiplyAdd(state[k], weights[((first + r) * size) + k], sums[r]);
    };

    /// <summary>S8 weights: the state rounded to levels, sums in 64 bits, one multiply-add in float32.</summary>
    public static Action<int, float[], float[]> Integer(sbyte[] weights, float[] scales, int size, int levels) => (first, state, sums) =>
    {
        float greatest = 0;
        foreach (float x in state)
            if (!float.IsNaN(x))
                greatest = Math.Max(greatest, Math.Min(Math.Abs(x), float.MaxValue));
        bool zero = greatest < 1e-30f;
        float inverse = zero ? 0 : levels / greatest, unit = zero ? 0 : greatest / levels;
        int[] rounded = [.. state.Select(x => float.IsNaN(x) ? 0 : (int)MathF.Round(Math.Clamp(x, -greatest, greatest) * inverse))];
        for (int r = 0; r < sums.Length; r++)
        {
            long sum = 0;
            for (int k = 0; k < size; k++)
                sum += rounded[k] * weights[((first + r) * size) + k];
            sums[r] = MathF.FusedMultiplyAdd(checked((int)sum), scales[first + r] * unit, sums[r]);
        }
    };

    private float[] Sums(int step, int sequence, int firstGate, int gates, int first, float[] state)
    {
        float[] sums = [.. Enumerable.Range(firstGate * Size, gates * Size).Select(r => Gate(step, sequence, r))];
        Multiply(first, state, sums);
        return sums;
    }

    private float Activated(int function, float x) => Functions[function](x < -Clip ? -Clip : x > Clip ? Clip : x);
}
