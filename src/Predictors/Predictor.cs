namespace OptimizerBuild.Predictors;

/// <summary>A generated predictor behind fixed buffers: what an adapter implements whose source is written for each model.</summary>
public abstract class Predictor
{
    /// <summary>On how many threads a prediction may run.</summary>
    public abstract int Parallelism { set; }

    /// <summary>Compiles everything that predictions need.</summary>
    public abstract void WarmUp();

    /// <summary>Fills an input buffer.</summary>
    /// <param name="input">The input's index.</param>
    /// <param name="bytes">Its elements, in row-major order and the machine's byte order.</param>
    public abstract void Set(int input, byte[] bytes);

    /// <summary>Makes one prediction.</summary>
    public abstract void Run();

    /// <summary>Gets ready for batches: every sample of a batch has the inputs as they are.</summary>
    /// <param name="samples">The number of samples of a batch.</param>
    public abstract void SetBatch(int samples);

    /// <summary>Predicts the batch.</summary>
    public abstract void RunBatch();

    /// <summary>The elements of an output of the last prediction.</summary>
    /// <param name="output">The output's index.</param>
    public abstract Array Output(int output);
}
