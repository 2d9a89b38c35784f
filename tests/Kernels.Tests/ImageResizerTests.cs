using System.Globalization;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>Resized images beside those of PIL, with which networks are trained; and images that are none.</summary>
public sealed class ImageResizerTests
{
    private static string Goldens => Path.Combine(SharedAssets.RepositoryRoot, "tests", "Kernels.Tests", "Goldens", "pil-resize.txt");

    [Fact]
    public void Levels_are_within_one_of_PILs()
    {
        int images = 0;
        int different = 0;
        int all = 0;
        foreach (string line in File.ReadAllLines(Goldens).Where(l => !l.StartsWith('#')))
        {
            string[] words = line.Split(' ');
            int[] numbers = [.. words.Take(5).Select(w => int.Parse(w, CultureInfo.InvariantCulture))];
            (int rows, int columns, int toRows, int toColumns, int channels) = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
            byte[] expected = Convert.FromBase64String(words[6]);
            var resizer = new ImageResizer(toRows, toColumns, channels, isBgr: false, toRows, toColumns, 0, ResamplingWeights.Bilinear);

            ReadOnlySpan<byte> actual = resizer.Run(Levels(words[5], rows, columns, channels), columns, rows, 0,
                channels == 1 ? ImageResizer.Gray8 : ImageResizer.Rgb24, "image");

            Assert.Equal(expected.Length, actual.Length);
            for (int i = 0; i < expected.Length; i++)
            {
                Assert.True(
                    Math.Abs(expected[i] - actual[i]) <= 1, $"{string.Join(' ', words[..6])}: {actual[i]} for {expected[i]} at {i}");
                different += expected[i] == actual[i] ? 0 : 1;
            }
            all += expected.Length;
            images++;
        }
        Assert.Equal(12, images);
        Assert.True(different < all / 4, $"{different} of {all} levels differ");
    }

    [Fact]
    public void The_same_size_keeps_every_byte()
    {
        byte[] image = Levels("noise", 9, 14, 3);
        foreach (int filter in (int[])[ResamplingWeights.Bilinear, ResamplingWeights.BilinearNoAntialias, ResamplingWeights.Area])
            Assert.Equal(image, new ImageResizer(9, 14, 3, false, 9, 14, 0, filter).Run(image, 14, 9, 0, ImageResizer.Rgb24, "i"));
    }

    [Fact]
    public void The_greatest_images_and_the_longest_ones_are_resized()
    {
        var resizer = new ImageResizer(8, 8, 1, false, 8, 8, 8192, ResamplingWeights.Bilinear);
        byte[] line = new byte[ImageResizer.MaximumExtent];
        Array.Fill(line, (byte)77);
        Assert.All(resizer.Run(line, line.Length, 1, 0, ImageResizer.Gray8, "i").ToArray(), level => Assert.Equal(77, level));
        Assert.All(resizer.Run(line, 1, line.Length, 0, ImageResizer.Gray8, "i").ToArray(), level => Assert.Equal(77, level));
        var stretching = new ImageResizer(8, 8, 1, false, 8, 8, 0, ResamplingWeights.Area);
        Assert.All(stretching.Run(line, line.Length, 1, 0, ImageResizer.Gray8, "i").ToArray(), level => Assert.Equal(77, level));
    }

    [Theory]
    [InlineData(0, 4, 0, 0)]
    [InlineData(4, 0, 0, 0)]
    [InlineData(65536, 1, 0, 0)]
    [InlineData(4, 65536, 0, 0)]
    [InlineData(4, 4, 11, 0)]
    [InlineData(4, 4, -1, 0)]
    [InlineData(4, 4, 0, 5)]
    [InlineData(4, 4, 0, -1)]
    public void What_is_no_image_is_an_error(int width, int height, int stride, int format)
    {
        var resizer = new ImageResizer(4, 4, 3, false, 4, 4, 0, 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => { resizer.Run(new byte[48], width, height, stride, format, "image"); });
    }

    [Theory]
    [InlineData(47, 0, 0)]
    [InlineData(48, 13, 0)]
    [InlineData(63, 0, 2)]
    [InlineData(49, 0, 0)]
    [InlineData(48, 0, 4)]
    [InlineData(64, 0, 0)]
    [InlineData(53, 13, 0)]
    public void Too_few_or_too_many_bytes_are_an_error_that_says_how_many_there_must_be(int length, int stride, int format)
    {
        var resizer = new ImageResizer(4, 4, 3, false, 4, 4, 0, 0);
        string text = Assert.Throws<ArgumentException>(
            () => { resizer.Run(new byte[length], 4, 4, stride, format, "image"); }).Message;
        int needed = format == 2 ? 64 : format == 4 ? 16 : stride == 0 ? 48 : (3 * stride) + 12;
        Assert.Contains($"'image' must hold {needed} bytes", text, StringComparison.Ordinal);
        // An instance is as good as before.
        Assert.Equal(48, resizer.Run(new byte[needed], 4, 4, stride, format, "image").Length);
    }

    // As in pil_resize.py.
    private static byte[] Levels(string kind, int rows, int columns, int channels)
    {
        var levels = new byte[rows * columns * channels];
        long seed = 1;
        for (int i = 0; i < levels.Length; i++)
        {
            seed = ((seed * 1103515245) + 12345) % (1L << 31);
            (int y, int x, int c) = (i / channels / columns, i / channels % columns, i % channels);
            levels[i] = kind == "noise" ? (byte)(seed >> 16) : ((x / 3) + (y / 2) + c) % 2 != 0 ? (byte)255 : (byte)0;
        }
        return levels;
    }
}
