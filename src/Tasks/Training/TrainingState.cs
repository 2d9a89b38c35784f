using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Training;

/// <summary>How far a training is: all that the steps to come depend on, beside its options and samples.</summary>
internal sealed class TrainingState
{
    private const long MostBytes = 2_000_000_000;
    private const int Version = 2;

    /// <summary>A state at the beginning.</summary>
    public TrainingState()
    {
    }

    /// <summary>A copy.</summary>
    public TrainingState(TrainingState other)
    {
        (Step, FirstLoss, FirstRight) = (other.Step, other.FirstLoss, other.FirstRight);
        (BestLoss, BestRight) = (other.BestLoss, other.BestRight);
        (BestStep, Misses, Stopped, Loss) = (other.BestStep, other.Misses, other.Stopped, other.Loss);
    }

    /// <summary>The steps that have been made.</summary>
    public int Step { get; set; }

    /// <summary>What was lost on the samples held back at the beginning.</summary>
    public double FirstLoss { get; init; }

    /// <summary>How many of them were right then.</summary>
    public int FirstRight { get; init; }

    /// <summary>The least that was lost on them.</summary>
    public double BestLoss { get; set; }

    /// <summary>How many of them were right then.</summary>
    public int BestRight { get; set; }

    /// <summary>The step at which that was.</summary>
    public int BestStep { get; set; }

    /// <summary>Looks at them since.</summary>
    public int Misses { get; set; }

    /// <summary>Whether they ended the training.</summary>
    public bool Stopped { get; set; }

    /// <summary>The mean loss of the last step.</summary>
    public double Loss { get; set; }

    /// <summary>Whether a state of such parameters can be kept: of more than 100 million it would be larger than any array.</summary>
    public static bool Fits(IReadOnlyList<TrainedParameter> parameters) =>
        parameters.Sum(p => p.State.Sum(s => (long)s.Length * sizeof(float))) < MostBytes;

    /// <summary>The state with all numbers of the parameters, as bytes.</summary>
    /// <param name="parameters">The parameters.</param>
    public byte[] Write(IReadOnlyList<TrainedParameter> parameters)
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream))
        {
            writer.Write(Version);
            writer.Write(Step);
            writer.Write(FirstLoss);
            writer.Write(FirstRight);
            writer.Write(BestLoss);
            writer.Write(BestRight);
            writer.Write(BestStep);
            writer.Write(Misses);
            writer.Write(Stopped);
            writer.Write(Loss);
            foreach (float[] numbers in parameters.SelectMany(p => p.State))
                writer.Write(MemoryMarshal.AsBytes(numbers.AsSpan()));
        }
        return stream.ToArray();
    }

    /// <summary>Reads a state and puts its numbers into the parameters.</summary>
    /// <param name="bytes">What <see cref="Write"/> gave; null for none.</param>
    /// <param name="parameters">The parameters.</param>
    /// <returns>The state; null where the bytes are none of such parameters.</returns>
    public static TrainingState? Read(byte[]? bytes, IReadOnlyList<TrainedParameter> parameters)
    {
        const int Head = (4 * sizeof(int)) + (3 * sizeof(double)) + (2 * sizeof(int)) + sizeof(bool);
        if (bytes is null || bytes.Length != Head + parameters.Sum(p => p.State.Sum(s => (long)s.Length * sizeof(float)))
            || BinaryPrimitives.ReadInt32LittleEndian(bytes) != Version)
            return null;
        using var reader = new BinaryReader(new MemoryStream(bytes));
        reader.ReadInt32();
        var state = new TrainingState
        {
            Step = reader.ReadInt32(),
            FirstLoss = reader.ReadDouble(),
            FirstRight = reader.ReadInt32(),
            BestLoss = reader.ReadDouble(),
            BestRight = reader.ReadInt32(),
            BestStep = reader.ReadInt32(),
            Misses = reader.ReadInt32(),
            Stopped = reader.ReadBoolean(),
            Loss = reader.ReadDouble(),
        };
        foreach (float[] numbers in parameters.SelectMany(p => p.State))
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(numbers.AsSpan()));
        return state;
    }
}
