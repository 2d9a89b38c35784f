namespace OptimizerBuild.Kernels;

/// <summary>A plain recurrent layer with float32 weights (<see cref="RnnLoop"/>, <see cref="Float32StateProduct"/>).</summary>
internal static class Float32Rnn
{
    /// <summary>Runs one direction.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="gates">Operand offset of the products with the inputs plus all biases: [steps, batch, directions, size].</param>
    /// <param name="weights">Operand offset of the weights of the state.</param>
    /// <param name="lengths">Operand offset of the sequences' lengths, s32 [batch].</param>
    /// <param name="factors">Operand offset of two float32 factors for each activation.</param>
    /// <param name="initialHidden">Operand offset of the first hidden states, [directions, batch, size].</param>
    /// <param name="output">Arena offset of the states behind all steps, [steps, directions, batch, size].</param>
    /// <param name="hidden">Arena offset of the last hidden states, [directions, batch, size].</param>
    /// <param name="steps">The number of steps.</param>
    /// <param name="batch">The number of sequences.</param>
    /// <param name="size">The elements of a state.</param>
    /// <param name="direction">The number of the direction.</param>
    /// <param name="directions">How many directions the layer has.</param>
    /// <param name="reverse">1 where sequences are read from their ends, else 0.</param>
    /// <param name="weightStep">Bytes from the weights of one element of the state to those of the next.</param>
    /// <param name="function">The activation (<see cref="RecurrentActivation"/>).</param>
    /// <param name="clip">The bound of what goes into activations; infinite where there is none.</param>
    public static void Run(
        Workspace w,
        int gates,
        int weights,
        int lengths,
        int factors,
        int initialHidden,
        int output,
        int hidden,
        int steps,
        int batch,
        int size,
        int direction,
        int directions,
        int reverse,
        int weightStep,
        int function,
        float clip)
    {
        var call = new RecurrentCall
        {
            W = w,
            Gates = gates,
            Lengths = lengths,
            Factors = factors,
            Output = output,
            Steps = steps,
            Batch = batch,
            Size = size,
            Direction = direction,
            Directions = directions,
            Reverse = reverse != 0,
            Clip = clip,
        };
        var product = new Float32StateProduct { Weights = weights, Size = size, Step = weightStep };
        RnnLoop.Run(call, product, function, initialHidden, hidden);
    }
}
