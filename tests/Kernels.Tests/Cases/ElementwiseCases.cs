using OptimizerBuild.Kernels.Tests.Oracles;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Operations on two u8 tensors, of equal shape and broadcast.</summary>
internal static class ElementwiseCases
{
    private enum Operation
    {
        Add,
        Subtract,
        Multiply,
        Maximum,
        Minimum,
    }

    private static readonly (int Images, int Rows, int Length)[] Shapes =
        [(1, 1, 1), (1, 1, 31), (1, 3, 64), (2, 3, 17), (1, 2, 250), (2, 1, 8), (1, 5, 33), (1, 1, 1000), (1, 2, 95)];

    // Output dimensions; 1 in a mask: broadcast over this dimension.
    private static readonly (int[] Dimensions, int[] FirstMask, int[] SecondMask)[] Broadcasts =
    [
        ([5], [0], [1]),
        ([2, 3, 4], [0, 0, 0], [1, 1, 0]),
        ([2, 3, 40], [0, 0, 0], [1, 1, 0]),
        ([130, 40], [0, 0], [1, 0]),
        ([2, 300, 8], [1, 1, 0], [0, 0, 0]),
        ([17, 233], [0, 0], [1, 0]),
        ([3, 4, 35], [0, 0, 0], [0, 0, 1]),
        ([3, 5, 18], [1, 0, 0], [0, 1, 0]),
        ([2, 3, 4, 5], [0, 1, 0, 1], [1, 0, 1, 0]),
        ([1, 7, 7, 20], [0, 0, 0, 0], [0, 1, 1, 0]),
        ([6, 9], [0, 1], [0, 0]),
        ([40, 3], [0, 0], [1, 0]),
        ([2, 75, 24], [1, 1, 0], [0, 0, 0]),
        ([11, 200], [0, 0], [1, 0]),
        ([3, 512], [1, 0], [0, 0]),
        ([2, 600], [0, 0], [1, 0]),
        ([], [], []),
    ];

    public static IEnumerable<KernelCase> All()
    {
        int seed = 20000;
        foreach (Operation operation in Enum.GetValues<Operation>())
        {
            foreach ((int images, int rows, int length) in Shapes)
            {
                yield return SameShape(operation, images, rows, length, inPlace: false, seed++);
                yield return SameShape(operation, images, rows, length, inPlace: true, seed++);
            }

            foreach ((int[] dimensions, int[] first, int[] second) in Broadcasts)
                yield return Broadcast(operation, dimensions, first, second, seed++);
        }
    }

    private static KernelCase SameShape(Operation operation, int images, int rows, int length, bool inPlace, int seed)
    {
        var data = new CaseData(seed);
        Constants k = Constants.Draw(data, operation);
        (int at, int image, int row) Place()
        {
            int rowStride = length + data.Random.Next(0, 9);
            int imageStride = (rows * rowStride) + data.Random.Next(0, 9);
            return (data.Reserve(images * imageStride), imageStride, rowStride);
        }

        var a = Place();
        var b = Place();
        var o = inPlace ? a : Place();
        byte[] arenaBefore = data.Arena;
        return new KernelCase
        {
            Kernel = Name(operation) + ".Run",
            Name = $"{operation} {images}×{rows}×{length}{(inPlace ? " in place" : "")}, {k}",
            Arena = arenaBefore,
            Weights = data.Weights,
            Run = operation switch
            {
                Operation.Add or Operation.Subtract => w => Int8Add.Run(
                    w, a.at, a.image, a.row, b.at, b.image, b.row, o.at, o.image, o.row, k.FirstZero, k.FirstMultiplier, k.SecondZero,
                    k.SecondMultiplier,
                    operation == Operation.Add ? 1 : -1, k.Shift, k.OutputZero, k.Minimum, k.Maximum, images, rows, length),
                Operation.Multiply => w => Int8Multiply.Run(
                    w, a.at, a.image, a.row, b.at, b.image, b.row, o.at, o.image, o.row, k.FirstZero, k.SecondZero, k.FirstMultiplier,
                    k.Shift, k.OutputZero, k.Minimum, k.Maximum, images, rows, length),
                _ => w => Int8Extremum.Run(
                    w, a.at, a.image, a.row, b.at, b.image, b.row, o.at, o.image, o.row, k.FirstZero, k.FirstMultiplier, k.SecondZero,
                    k.SecondMultiplier,
                    operation == Operation.Maximum ? 1 : 0, k.Shift, k.OutputZero, k.Minimum, k.Maximum, images, rows, length),
            },
            Oracle = arena =>
            {
                for (int n = 0; n < images; n++)
                    for (int r = 0; r < rows; r++)
                        for (int i = 0; i < length; i++)
                        {
                            arena[o.at + (n * o.image) + (r * o.row) + i] = k.Apply(
                                operation, arenaBefore[a.at + (n * a.image) + (r * a.row) + i],
                                arenaBefore[b.at + (n * b.image) + (r * b.row) + i]);
                        }
            },
        };
    }

    private static KernelCase Broadcast(Operation operation, int[] dimensions, int[] firstMask, int[] secondMask, int seed)
    {
        var data = new CaseData(seed);
        Constants k = Constants.Draw(data, operation);
        (int At, int[] Strides) Place(int[] mask)
        {
            var strides = new int[dimensions.Length];
            int size = 1;
            for (int d = dimensions.Length - 1; d >= 0; d--)
            {
                strides[d] = mask[d] == 1 ? 0 : size;
                size = mask[d] == 1 ? size : (size * dimensions[d]) + (d == 1 ? 2 : 0);
            }

            return (data.Reserve(size), strides);
        }

        var a = Place(firstMask);
        var b = Place(secondMask);
        var o = Place(new int[dimensions.Length]);
        byte[] arenaBefore = data.Arena;
        return new KernelCase
        {
            Kernel = Name(operation) + ".RunBroadcast",
            Name = $"{operation} [{string.Join(",", dimensions)}] {string.Join(",", a.Strides)} and {string.Join(",", b.Strides)}, {k}",
            Arena = arenaBefore,
            Weights = data.Weights,
            Run = operation switch
            {
                Operation.Add or Operation.Subtract => w => Int8Add.RunBroadcast(
                    w, a.At, b.At, o.At, k.FirstZero, k.FirstMultiplier, k.SecondZero, k.SecondMultiplier,
                    operation == Operation.Add ? 1 : -1, k.Shift, k.OutputZero, k.Minimum, k.Maximum, dimensions, a.Strides, b.Strides,
                    o.Strides),
                Operation.Multiply => w => Int8Multiply.RunBroadcast(
                    w, a.At, b.At, o.At, k.FirstZero, k.SecondZero, k.FirstMultiplier, k.Shift, k.OutputZero, k.Minimum, k.Maximum,
                    dimensions, a.Strides, b.Strides, o.Strides),
                _ => w => Int8Extremum.RunBroadcast(
                    w, a.At, b.At, o.At, k.FirstZero, k.FirstMultiplier, k.SecondZero, k.SecondMultiplier,
                    operation == Operation.Maximum ? 1 : 0, k.Shift, k.OutputZero, k.Minimum,
                    k.Maximum,
                    dimensions, a.Strides, b.Strides, o.Strides),
            },
            Oracle = arena =>
            {
                void Visit(int d, int at, int bt, int ot)
                {
                    if (d == dimensions.Length)
                    {
                        arena[ot] = k.Apply(operation, arenaBefore[at], arenaBefore[bt]);
                        return;
                    }

                    for (int i = 0; i < dimensions[d]; i++)
                        Visit(d + 1, at + (i * a.Strides[d]), bt + (i * b.Strides[d]), ot + (i * o.Strides[d]));
                }

                Visit(0, a.At, b.At, o.At);
            },
        };
    }

    private static string Name(Operation operation) => operation switch
    {
        Operation.Multiply => "Int8Multiply",
        Operation.Maximum or Operation.Minimum => "Int8Extremum",
        _ => "Int8Add",
    };

    private sealed record Constants(
        int FirstZero, int FirstMultiplier, int SecondZero, int SecondMultiplier, int Shift, int OutputZero, int Minimum, int Maximum)
    {
        public static Constants Draw(CaseData data, Operation operation)
        {
            Random random = data.Random;

            // Real multipliers around 1, some of them far above and below; now and then shifts at the ends of what the vectors take.
            int shift = random.Next(6) == 0 ? random.Next(operation == Operation.Multiply ? 28 : 14, 63)
                : operation == Operation.Multiply ? random.Next(25, 46) : random.Next(22, 33);
            int minimum = random.Next(3) == 0 ? random.Next(0, 90) : 0;
            int maximum = random.Next(3) == 0 ? random.Next(160, 256) : 255;
            return new Constants(
                random.Next(256), Multiplier(random, 1 << 28), random.Next(256), Multiplier(random, 0), shift, random.Next(256), minimum,
                maximum);
        }

        // Any, or one beside which its parts of 16 bits change sign or do not fit.
        private static int Multiplier(Random random, int least) => random.Next(8) switch
        {
            0 => int.MaxValue - random.Next(0, 3),
            1 => int.MaxValue - 32768 + random.Next(-1, 2),
            2 => (random.Next(least >> 16, 1 << 15) << 16) + 32768 - random.Next(0, 2),
            _ => random.Next(least, int.MaxValue),
        };

        public byte Apply(Operation operation, int a, int b)
        {
            Int128 first = (Int128)(a - FirstZero) * FirstMultiplier;
            Int128 second = (Int128)(b - SecondZero) * SecondMultiplier;
            return operation switch
            {
                Operation.Add => Arithmetic.ToUInt8(first + second, Shift, OutputZero, Minimum, Maximum),
                Operation.Subtract => Arithmetic.ToUInt8(first - second, Shift, OutputZero, Minimum, Maximum),
                Operation.Multiply =>
                    Arithmetic.ToUInt8((Int128)(a - FirstZero) * (b - SecondZero) * FirstMultiplier, Shift, OutputZero, Minimum, Maximum),
                Operation.Maximum => Clamp(Math.Max(Arithmetic.Requantize(first, Shift), Arithmetic.Requantize(second, Shift))),
                _ => Clamp(Math.Min(Arithmetic.Requantize(first, Shift), Arithmetic.Requantize(second, Shift))),
            };
        }

        private byte Clamp(long value) => (byte)Math.Max(Math.Min(value + OutputZero, Maximum), Minimum);
    }
}
